package fakeradius

import (
	"crypto/hmac"
	"crypto/md5"
	"encoding/binary"

	"layeh.com/radius"
)

// vendorSpecific is the attribute whose length the malformed kinds get wrong.
const vendorSpecific = 26

// draft is an answer before it is sealed: what a kind may get wrong.
type draft struct {
	code, identifier byte
	requestAuth      []byte // 16 bytes
	attrs            []byte // encoded
	macs             []int  // the size of each Message-Authenticator; 16 is right
	macFirst         bool
	macFlip          byte   // spoils the Message-Authenticator
	secret           string // for both authenticators
	v11              bool   // the header of RFC 9765 section 4.1 and no authenticators
}

// packet makes what goes over the wire.
func (s *Server) packet(k Kind, req Request, code radius.Code, attrs radius.Attributes) []byte {
	d := draft{
		code: byte(code), identifier: req.Identifier, requestAuth: req.Raw[4:20],
		attrs: encode(attrs), macs: []int{md5.Size}, secret: s.opts.Secret,
	}
	if req.V11 {
		d.v11, d.macs = true, nil
	}
	d.spoil(k)
	packet := d.seal()
	switch k {
	case Padded:
		return append(packet, "padding"...)
	case WrongResponseAuthenticator:
		packet[4] ^= 1
	case Garbage:
		return []byte("this is no RADIUS packet, whatever port it came to")
	case Empty:
		return nil
	case HalfAnswer, HalfAndClose:
		return packet[:len(packet)/2]
	case TooLong:
		binary.BigEndian.PutUint16(packet[2:], 4097)
		return append(packet, make([]byte, 4097-len(packet))...)
	case Truncated:
		return packet[:len(packet)-1]
	case ShortLength:
		binary.BigEndian.PutUint16(packet[2:], 19)
	case Reflected:
		return req.Raw
	}
	return packet
}

// spoil changes what has to be wrong before the seal.
func (d *draft) spoil(k Kind) {
	switch k {
	case MessageAuthenticatorFirst:
		d.macFirst = true
	case NoMessageAuthenticator:
		d.macs = nil
	case WrongMessageAuthenticator:
		d.macFlip = 1
	case TwoMessageAuthenticators:
		d.macs = []int{md5.Size, md5.Size}
	case ShortMessageAuthenticator:
		d.macs = []int{md5.Size - 1}
	case LongMessageAuthenticator:
		d.macs = []int{md5.Size + 1}
	case WrongSecret:
		d.secret += "x"
	case WrongIdentifier:
		d.identifier++
		d.requestAuth = append([]byte{d.requestAuth[0] ^ 1}, d.requestAuth[1:]...) // where a Token is
	case WrongCode:
		d.code = byte(radius.CodeAccountingResponse)
	case OtherRequest:
		d.requestAuth = make([]byte, md5.Size)
	case EmptyAttribute:
		d.macFirst, d.attrs = true, append(d.attrs, vendorSpecific, 0)
	case OneByteAttribute:
		d.macFirst, d.attrs = true, append(d.attrs, vendorSpecific, 1)
	case OverlongAttribute:
		d.macFirst, d.attrs = true, append(d.attrs, vendorSpecific, 5, 0)
	}
}

// seal writes the packet and both authenticators, the Message-Authenticator
// (RFC 3579 section 3.2) before the Response Authenticator (RFC 2865 section
// 3), which covers it.
func (d *draft) seal() []byte {
	packet := append([]byte{d.code, d.identifier, 0, 0}, d.requestAuth...)
	if !d.macFirst {
		packet = append(packet, d.attrs...)
	}
	var at []int
	for _, size := range d.macs {
		packet = append(packet, 80, byte(2+size))
		at = append(at, len(packet))
		packet = append(packet, make([]byte, size)...)
	}
	if d.macFirst {
		packet = append(packet, d.attrs...)
	}
	binary.BigEndian.PutUint16(packet[2:], uint16(len(packet)))
	if d.v11 {
		packet[1] = 0
		clear(packet[8:20])
		return packet
	}
	mac := hmac.New(md5.New, []byte(d.secret))
	mac.Write(packet)
	sum := mac.Sum(nil)
	sum[0] ^= d.macFlip
	for i, size := range d.macs {
		copy(packet[at[i]:at[i]+size], sum)
	}
	response := md5.Sum(append(packet[:len(packet):len(packet)], d.secret...))
	copy(packet[4:], response[:])
	return packet
}

// encode writes attributes one after the other; those over 253 bytes are a mistake in the test.
func encode(attrs radius.Attributes) []byte {
	var b []byte
	for _, avp := range attrs {
		if len(avp.Attribute) > 253 {
			panic("fakeradius: attribute longer than 253 bytes")
		}
		b = append(b, byte(avp.Type), byte(2+len(avp.Attribute)))
		b = append(b, avp.Attribute...)
	}
	return b
}
