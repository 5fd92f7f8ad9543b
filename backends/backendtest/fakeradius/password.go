package fakeradius

import (
	"bytes"
	"crypto/md5"
	"encoding/binary"
	"fmt"

	"layeh.com/radius"
	"layeh.com/radius/rfc2865"

	"ovpn-verify/backends/radius/mschap"
)

// proves tells whether the request shows password: as User-Password, by CHAP
// (RFC 2865 section 5.3) or by MS-CHAPv2 (RFC 2548 section 2.3.2).
func (r Request) proves(password string) bool {
	if answer, ok := r.Attributes.Lookup(rfc2865.CHAPPassword_Type); ok {
		hash := md5.Sum(append(append(answer[:1:1], password...), r.Attributes.Get(rfc2865.CHAPChallenge_Type)...))
		return bytes.Equal(answer[1:], hash[:])
	}
	if response := r.Microsoft(25); response != nil {
		want, err := r.exchange(password)
		nt := want.NTResponse()
		return err == nil && bytes.Equal(response[26:], nt[:])
	}
	return r.Password == password
}

// Microsoft is the value of Microsoft's attribute of that number (RFC 2548), or nil.
func (r Request) Microsoft(number byte) []byte {
	for _, avp := range r.Attributes {
		b := avp.Attribute
		if avp.Type == rfc2865.VendorSpecific_Type && len(b) > 6 && binary.BigEndian.Uint32(b) == 311 && b[4] == number {
			return b[6:]
		}
	}
	return nil
}

// exchange is the server's side of MS-CHAPv2; the zero one when the attributes
// have not the sizes they should have.
func (r Request) exchange(password string) (mschap.Exchange, error) {
	challenge, response := r.Microsoft(11), r.Microsoft(25)
	if len(challenge) != mschap.ChallengeLen || len(response) != 2+mschap.ChallengeLen+8+mschap.ResponseLen {
		return mschap.Exchange{}, fmt.Errorf("challenge of %d and response of %d bytes", len(challenge), len(response))
	}
	return mschap.New([16]byte(challenge), [16]byte(response[2:]), r.Username, []byte(password))
}

// success is the MS-CHAP2-Success of an Access-Accept, as Options.Success has it.
func (s *Server) success(req Request, password string) radius.Attributes {
	response := req.Microsoft(25)
	exchange, err := req.exchange(password)
	if response == nil || err != nil {
		return nil
	}
	proof := exchange.AuthenticatorResponse([mschap.ResponseLen]byte(response[26:]))
	values := [][]byte{fmt.Appendf([]byte{response[0]}, "S=%X", proof)}
	if s.opts.Success != nil {
		values = s.opts.Success(values[0])
	}
	var attrs radius.Attributes
	for _, value := range values {
		attrs.Add(rfc2865.VendorSpecific_Type, Vendor(311, 26, value))
	}
	return attrs
}

// Vendor is the value of a Vendor-Specific with one attribute in it.
func Vendor(vendor uint32, number byte, value []byte) radius.Attribute {
	b := binary.BigEndian.AppendUint32(nil, vendor)
	return append(append(b, number, byte(2+len(value))), value...)
}
