// Package mschap computes the values of MS-CHAPv2 (RFC 2759): what the client
// sends in place of the password, and what a server has to send in turn to show
// that it knows the password as well. It is arithmetic alone; packets, random
// numbers and the comparison belong to the caller.
//
// The protocol's DES and MD4 hide a password from nobody who has time: whoever
// reads a challenge and its response finds it. It is for directories that
// cannot do better, over networks that are trusted.
package mschap

import (
	"crypto/des"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Sizes in bytes, and in UTF-16 code units for the password (RFC 2759 section 4 and 8.1).
const (
	ChallengeLen     = 16
	ResponseLen      = 24
	AuthenticatorLen = sha1.Size
	MaxPassword      = 256
)

// ErrPassword is about a password that the protocol cannot carry: longer than
// MaxPassword, or no text.
var ErrPassword = errors.New("mschap: the password is not UTF-8, or longer than 256 characters")

// Exchange is one challenge and response.
type Exchange struct {
	hash      [md4Size]byte // of the password
	challenge [8]byte       // what both challenges and the user name come down to
}

// New takes the challenges of both sides, ChallengeLen bytes each, and the user
// name as it was typed. The error is ErrPassword.
func New(authenticator, peer [ChallengeLen]byte, username string, password []byte) (Exchange, error) {
	if !Carries(password) {
		return Exchange{}, ErrPassword
	}
	units := utf16.Encode([]rune(string(password)))
	text := make([]byte, 0, 2*len(units))
	for _, unit := range units {
		text = binary.LittleEndian.AppendUint16(text, unit)
	}
	e := Exchange{hash: md4(text)}
	sum := sha1.New() // RFC 2759 section 8.2
	sum.Write(peer[:])
	sum.Write(authenticator[:])
	sum.Write([]byte(withoutDomain(username)))
	copy(e.challenge[:], sum.Sum(nil))
	return e, nil
}

// Carries tells whether password is one for which New has no error.
func Carries(password []byte) bool {
	return utf8.Valid(password) && len(utf16.Encode([]rune(string(password)))) <= MaxPassword
}

// withoutDomain cuts DOMAIN\ off: only the name after it is hashed (RFC 2759
// section 8.2). user@domain has no such rule, and servers hash it as it stands.
func withoutDomain(username string) string {
	return username[strings.LastIndexByte(username, '\\')+1:]
}

// NTResponse proves the password to the server (RFC 2759 section 8.5): the
// challenge under DES with each third of the hash, seven bytes, as a key.
func (e Exchange) NTResponse() [ResponseLen]byte {
	var keys [21]byte
	copy(keys[:], e.hash[:])
	var response [ResponseLen]byte
	for i := range 3 {
		block, err := des.NewCipher(desKey([7]byte(keys[7*i:])))
		if err != nil {
			panic(err) // the key has eight bytes
		}
		block.Encrypt(response[8*i:], e.challenge[:])
	}
	return response
}

// desKey spreads 56 bits over eight bytes; DES ignores the lowest bit of each.
func desKey(in [7]byte) []byte {
	bits := binary.BigEndian.Uint64(append([]byte{0}, in[:]...))
	out := make([]byte, 8)
	for i := range out {
		out[i] = byte(bits>>(49-7*i)) << 1
	}
	return out
}

// AuthenticatorResponse is what a server sends, in hexadecimal after "S=", that
// has checked response against the same password (RFC 2759 section 8.7).
func (e Exchange) AuthenticatorResponse(response [ResponseLen]byte) [AuthenticatorLen]byte {
	hashHash := md4(e.hash[:])
	sum := sha1.New()
	sum.Write(hashHash[:])
	sum.Write(response[:])
	sum.Write([]byte("Magic server to client signing constant"))
	digest := sum.Sum(nil)
	sum.Reset()
	sum.Write(digest)
	sum.Write(e.challenge[:])
	sum.Write([]byte("Pad to make it do more than one iteration"))
	return [AuthenticatorLen]byte(sum.Sum(nil))
}
