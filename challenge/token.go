package challenge

import (
	"crypto/rand"
	"encoding/base64"

	"ovpn-verify/verify/secret"
)

// NewToken is a fresh session token: 256 random bits in 58 characters, which fit
// OpenVPN's password field of 128 bytes. The client sends it as its password
// after `push "auth-token …"`.
func NewToken() secret.Text {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails; it ends the process instead
	return secret.New(base64.RawURLEncoding.AppendEncode([]byte(sessionPrefix), b[:]))
}
