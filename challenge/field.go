// Package challenge speaks OpenVPN's challenge formats (SCRV1, CRV1, codes
// appended to a password) and checks time-based codes. It promises that a
// password field becomes exactly one closed type, and that a broken frame is an
// error, never a password. It knows no backend and keeps nothing: whether a
// state is pending or a code was used before is for the caller to decide.
package challenge

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"

	"ovpn-verify/verify/secret"
)

// ErrBrokenFrame means that the password field begins like a challenge answer
// but is none, or holds a NUL byte. It must be refused and never be taken for a
// password: what follows the prefix may be a password in plain sight.
var ErrBrokenFrame = errors.New("broken challenge frame")

const (
	staticPrefix  = "SCRV1:"
	dynamicPrefix = "CRV1:"
	tokenPrefix   = "SESS_ID_AT_" // SESSION_ID_PREFIX, OpenVPN src/openvpn/auth_token.h
	sessionPrefix = "OVPN_VERIFY_AT_"

	maxState = 64 // bytes; the whole answer must fit OpenVPN's 128-byte password
)

// Field is the password field as it arrived: Plain, Static, Dynamic, Token or
// SessionToken.
// No other package can add a kind, so that a type switch whose default refuses
// is complete.
type Field interface{ field() }

// Plain is a password without any frame; it may be empty.
type Plain struct{ Password secret.Text }

// Static answers the client's own static-challenge: SCRV1:<password>:<response>,
// both base64. Password is never empty; Response is when nothing was typed.
type Static struct{ Password, Response secret.Text }

// Dynamic answers an earlier Message: CRV1::<state>::<response>. State has the
// alphabet of NewState and 1 to 64 bytes, but need not come from it. Response is
// plain text, may be empty and may hold "::".
type Dynamic struct {
	State    string
	Response secret.Text
}

// Token is what OpenVPN's auth-gen-token handed out (SESS_ID_AT_…). It is never
// to be sent to a directory as a password.
type Token struct{ Text secret.Text }

// SessionToken is what NewToken made.
type SessionToken struct{ Text secret.Text }

func (Plain) field()        {}
func (Static) field()       {}
func (Dynamic) field()      {}
func (Token) field()        {}
func (SessionToken) field() {}

// Parse reads the password field, once. Its errors wrap ErrBrokenFrame and do
// not quote the field.
//
// The formats are those of get_user_pass_cr in OpenVPN's src/openvpn/misc.c and
// of doc/management-notes.txt.
func Parse(raw secret.Text) (Field, error) {
	b := raw.Reveal()
	if bytes.IndexByte(b, 0) >= 0 {
		return nil, broken("a NUL byte, which OpenVPN cannot send")
	}
	if rest, ok := bytes.CutPrefix(b, []byte(staticPrefix)); ok {
		return parseStatic(rest)
	}
	if rest, ok := bytes.CutPrefix(b, []byte(dynamicPrefix)); ok {
		return parseDynamic(rest)
	}
	if bytes.HasPrefix(b, []byte(tokenPrefix)) {
		return Token{Text: raw}, nil
	}
	if bytes.HasPrefix(b, []byte(sessionPrefix)) {
		return SessionToken{Text: raw}, nil
	}
	return Plain{Password: raw}, nil
}

func parseStatic(rest []byte) (Field, error) {
	parts := bytes.Split(rest, []byte(":"))
	if len(parts) != 2 {
		return nil, broken("SCRV1 has two parts")
	}
	password, ok := decode(parts[0])
	if !ok || len(password) == 0 || framed(password) {
		return nil, broken("the password in SCRV1 is missing, not base64 or a frame itself")
	}
	response, ok := decode(parts[1])
	if !ok {
		return nil, broken("the response in SCRV1 is not base64")
	}
	return Static{Password: secret.New(password), Response: secret.New(response)}, nil
}

func parseDynamic(rest []byte) (Field, error) {
	rest, ok := bytes.CutPrefix(rest, []byte(":"))
	if !ok {
		return nil, broken("CRV1 is followed by two colons")
	}
	state, response, ok := bytes.Cut(rest, []byte("::"))
	if !ok || !validState(state) {
		return nil, broken("the state in CRV1 is missing, too long or of other characters")
	}
	return Dynamic{State: string(state), Response: secret.New(response)}, nil
}

// decode takes padded standard base64 alone, as every client we know of sends
// it (OpenVPN's base64.c, OpenVPN 3, the Windows GUI, Chrome OS). Go's decoder
// skips CR and LF even when strict, hence the comparison with the way back.
func decode(part []byte) ([]byte, bool) {
	b, err := base64.StdEncoding.AppendDecode(nil, part)
	if err != nil || bytes.IndexByte(b, 0) >= 0 {
		return nil, false
	}
	return b, bytes.Equal(base64.StdEncoding.AppendEncode(nil, b), part)
}

// framed finds a frame inside a frame: no client sends one, and whoever parsed
// it a second time would see another login.
func framed(password []byte) bool {
	for _, prefix := range []string{staticPrefix, dynamicPrefix, tokenPrefix, sessionPrefix} {
		if bytes.HasPrefix(password, []byte(prefix)) {
			return true
		}
	}
	return false
}

func validState(state []byte) bool {
	if len(state) == 0 || len(state) > maxState {
		return false
	}
	for _, c := range state {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
		default:
			return false
		}
	}
	return true
}

func broken(what string) error { return fmt.Errorf("%w: %s", ErrBrokenFrame, what) }
