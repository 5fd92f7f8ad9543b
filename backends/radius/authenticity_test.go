package radius

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"encoding/binary"
	"testing"

	"layeh.com/radius"
)

// sealed makes an answer with library and standard code alone: a
// Message-Authenticator, when wanted, and then attrs.
func sealed(code radius.Code, request []byte, secret string, msgAuth bool, attrs radius.Attributes) []byte {
	p := &radius.Packet{Code: code, Identifier: request[1], Secret: []byte(secret)}
	copy(p.Authenticator[:], request[4:20])
	if msgAuth {
		p.Add(80, make([]byte, 16))
	}
	p.Attributes = append(p.Attributes, attrs...)
	unsigned, _ := p.MarshalBinary()
	if msgAuth {
		mac := hmac.New(md5.New, []byte(secret))
		mac.Write(unsigned)
		p.Attributes[0].Attribute = mac.Sum(nil)
	}
	wire, _ := p.Encode()
	return wire
}

// FuzzAnswer: what is believed is a packet of the right code, made with the
// secret for the request, down to its last byte.
func FuzzAnswer(f *testing.F) {
	request := bytes.Repeat([]byte{1, 7, 0, 20, 0xa5}, 4)
	reply := radius.Attributes{{Type: 18, Attribute: []byte("hello")}, {Type: 80 + 1, Attribute: []byte("x")}}
	for _, msgAuth := range []bool{true, false} {
		f.Add(sealed(radius.CodeAccessAccept, request, sharedSecret, msgAuth, reply), true)
		f.Add(sealed(radius.CodeAccessReject, request, sharedSecret, msgAuth, nil), false)
		f.Add(sealed(radius.CodeAccessChallenge, request, sharedSecret, msgAuth, reply), true)
		f.Add(sealed(radius.CodeAccessAccept, request, sharedSecret+"x", msgAuth, reply), false)
		f.Add(append(sealed(radius.CodeAccessAccept, request, sharedSecret, msgAuth, reply), 0, 1, 2), true)
	}
	f.Add([]byte{2, 7, 0, 20}, false)
	f.Add(request, false)
	f.Fuzz(func(t *testing.T, datagram []byte, required bool) {
		before := bytes.Clone(datagram)
		answer, err := authentic(datagram, request, []byte(sharedSecret), required)
		if !bytes.Equal(before, datagram) {
			t.Fatal("the datagram was changed")
		}
		if err != nil {
			return
		}
		if len(answer) != int(binary.BigEndian.Uint16(datagram[2:])) || !bytes.HasPrefix(datagram, answer) {
			t.Fatalf("%x was read as %x", datagram, answer)
		}
		if answer[0] != 2 && answer[0] != 3 && answer[0] != 11 || answer[1] != request[1] {
			t.Fatalf("believed %x", answer)
		}
		if !radius.IsAuthenticResponse(answer, request, []byte(sharedSecret)) {
			t.Fatalf("believed without a Response Authenticator: %x", answer)
		}
		oracle(t, answer, request, required)
	})
}

// oracle finds the Message-Authenticator through the library's parser and
// computes it over the library's encoding.
func oracle(t *testing.T, answer, request []byte, required bool) {
	p, err := radius.Parse(answer, nil)
	if err != nil {
		t.Fatalf("believed what the library cannot read: %x: %v", answer, err)
	}
	macs := 0
	var sent []byte
	for _, avp := range p.Attributes {
		if avp.Type == 80 {
			macs++
			sent, avp.Attribute = avp.Attribute, make([]byte, 16)
		}
	}
	if macs > 1 || macs == 0 && required {
		t.Fatalf("believed with %d Message-Authenticators: %x", macs, answer)
	}
	copy(p.Authenticator[:], request[4:20])
	zeroed, err := p.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(md5.New, []byte(sharedSecret))
	mac.Write(zeroed)
	if macs == 1 && !hmac.Equal(mac.Sum(nil), sent) {
		t.Fatalf("believed with a wrong Message-Authenticator: %x", answer)
	}
}

// Flipping any one bit of a right answer makes it worth nothing.
func TestEveryBitCounts(t *testing.T) {
	request := bytes.Repeat([]byte{1, 7, 0, 20, 0xa5}, 4)
	answer := sealed(radius.CodeAccessReject, request, sharedSecret, true, radius.Attributes{{Type: 18, Attribute: []byte("no")}})
	if _, err := authentic(answer, request, []byte(sharedSecret), true); err != nil {
		t.Fatal(err)
	}
	for bit := range len(answer) * 8 {
		for _, required := range []bool{true, false} {
			forged := bytes.Clone(answer)
			forged[bit/8] ^= 1 << (bit % 8)
			if _, err := authentic(forged, request, []byte(sharedSecret), required); err == nil {
				t.Errorf("bit %d of byte %d does not count", bit%8, bit/8)
			}
		}
	}
}

// FuzzPlausible: what is believed under RADIUS/1.1 decides something and can be read.
func FuzzPlausible(f *testing.F) {
	request := bytes.Repeat([]byte{1, 7, 0, 20, 0xa5}, 4)
	f.Add(sealed(radius.CodeAccessAccept, request, sharedSecret, true, radius.Attributes{{Type: 18, Attribute: []byte("hello")}}))
	f.Add(sealed(radius.CodeAccessReject, request, sharedSecret, false, nil))
	f.Add(append(request[:20:20], 26, 0))
	f.Add(append(request[:20:20], 26, 255, 1))
	f.Fuzz(func(t *testing.T, packet []byte) {
		if len(packet) < headerLen || len(packet) > radius.MaxPacketLength {
			return // the connection has cut it by its Length
		}
		binary.BigEndian.PutUint16(packet[2:], uint16(len(packet)))
		if plausible(packet) != nil {
			return
		}
		p, err := radius.Parse(packet, nil)
		if err != nil || p.Code != radius.CodeAccessAccept && p.Code != radius.CodeAccessReject && p.Code != radius.CodeAccessChallenge {
			t.Errorf("believed %x: %v", packet, err)
		}
	})
}
