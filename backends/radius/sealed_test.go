package radius

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"encoding/binary"
	"errors"
	"testing"

	"layeh.com/radius"

	"ovpn-verify/verify/primary"
)

// FuzzSealed: an answer whose attributes are anything, made with the secret and
// then perhaps changed in one byte, is believed when it is whole and unchanged,
// and only then, even if its Response Authenticator is made right again
// (CVE-2024-3596); and it lets in only as an Access-Accept.
func FuzzSealed(f *testing.F) {
	request := bytes.Repeat([]byte{1, 7, 0, 20, 0xa5}, 4)
	f.Add(byte(2), []byte("\x12\x07hello"), true, uint16(0), byte(0), false)
	f.Add(byte(3), []byte("\x12\x07hello\x1a\x0e\x00\x00\x01\x37\x02\x08\x01E=691"), true, uint16(0), byte(0), false)
	f.Add(byte(11), []byte("\x18\x03x\x4c\x06\x00\x00\x00\x01"), true, uint16(0), byte(0), false)
	f.Add(byte(2), []byte("\x50\x12sixteen bytes MAC"), true, uint16(0), byte(0), false)
	f.Add(byte(2), []byte("\x08\x06\x0a\x00\x00\x01"), false, uint16(25), byte(1), false)
	f.Add(byte(2), []byte("\x1b\x03x"), true, uint16(3), byte(128), false)
	f.Add(byte(2), []byte("\x12\x07hello"), true, uint16(30), byte(1), true)
	f.Add(byte(2), []byte("\x12\x07hello"), true, uint16(0), byte(1), true)
	f.Add(byte(2), []byte("\x12\x07hello"), true, uint16(4), byte(1), true)
	f.Fuzz(func(t *testing.T, code byte, attrs []byte, msgAuth bool, at uint16, flip byte, resign bool) {
		if len(attrs) > radius.MaxPacketLength-headerLen-18 {
			return
		}
		datagram := sealedRaw(code, request, attrs, msgAuth)
		right := bytes.Clone(datagram)
		if int(at) < len(datagram) {
			datagram[at] ^= flip
			if msgAuth && resign && len(datagram) == int(binary.BigEndian.Uint16(datagram[2:])) {
				signResponse(datagram, request) // as who finds collisions of MD5 can without the secret
			}
		}
		damaged := !bytes.Equal(datagram, right)
		answer, err := authentic(datagram, request, []byte(sharedSecret), msgAuth)
		whole := (code == 2 || code == 3 || code == 11) && !damaged && wholeAttributes(attrs)
		if (err == nil) != whole {
			t.Fatalf("code %d, %x, damaged %v: %v", code, attrs, damaged, err)
		}
		if err == nil {
			oracle(t, answer, request, msgAuth)
			verdictOf(t, answer)
		}
	})
}

// sealedRaw signs attributes that need not be any.
func sealedRaw(code byte, request, attrs []byte, msgAuth bool) []byte {
	p := append([]byte{code, request[1], 0, 0}, request[4:20]...)
	if msgAuth {
		p = append(p, 80, 18)
		p = append(p, make([]byte, 16)...)
	}
	p = append(p, attrs...)
	binary.BigEndian.PutUint16(p[2:], uint16(len(p)))
	if msgAuth {
		mac := hmac.New(md5.New, []byte(sharedSecret))
		mac.Write(p)
		copy(p[22:], mac.Sum(nil))
	}
	signResponse(p, request)
	return p
}

// signResponse makes the Response Authenticator right, and nothing else.
func signResponse(p, request []byte) {
	copy(p[4:20], request[4:20])
	sum := md5.Sum(append(bytes.Clone(p), sharedSecret...))
	copy(p[4:], sum[:])
}

// wholeAttributes walks over attributes as RFC 2865 section 5 has them. There may
// be no Message-Authenticator besides ours; a second one that happens to be
// right does not come by chance.
func wholeAttributes(b []byte) bool {
	for len(b) > 0 {
		if len(b) < 2 || b[1] < 2 || int(b[1]) > len(b) || b[0] == 80 {
			return false
		}
		b = b[b[1]:]
	}
	return true
}

// verdictOf has the answer decided: only an Access-Accept lets in, and what the
// log would show is one line.
func verdictOf(t *testing.T, answer []byte) {
	p, err := radius.Parse(answer, nil)
	if err != nil {
		t.Fatalf("%x: %v", answer, err)
	}
	b := &Backend{cfg: Config{ShowReplyMessage: true}}
	id, err := b.decide(p, "192.0.2.1:1812", login("ada", password), nil)
	if (err == nil) != (id.Name != "") || err == nil && p.Code != radius.CodeAccessAccept {
		t.Fatalf("%x decides %q, %v", answer, id.Name, err)
	}
	if rejected := errors.Is(err, primary.ErrRefused); rejected != (p.Code == radius.CodeAccessReject) {
		t.Fatalf("%x decides %v", answer, err)
	}
	if err != nil && !printable(err.Error()) {
		t.Fatalf("%x: the log has %q", answer, err)
	}
}
