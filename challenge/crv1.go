package challenge

import (
	"crypto/rand"
	"encoding/base64"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// maxMessage is the limit for AUTH_FAILED,CRV1:… in bytes. OpenVPN cuts at
	// PUSH_BUNDLE_SIZE, 1,024 (send_auth_failed in src/openvpn/push.c).
	maxMessage  = 1000
	authFailed  = "AUTH_FAILED,"
	maxUsername = 256 // bytes typed, 344 in base64
)

// Question is what a dynamic challenge asks.
type Question struct {
	State    string // from NewState; comes back as Dynamic.State
	Username string // as typed; the client sends it again with the answer
	Text     string // for the user; cleaned and cut to what fits
	Echo     bool   // whether the answer may be shown while it is typed
}

// Message is the reason file's content for a dynamic challenge,
// CRV1:<flags>:<state>:<base64 user>:<text> (doc/management-notes.txt): one line
// of valid UTF-8 and, with OpenVPN's AUTH_FAILED and comma before it, at most
// 1,000 bytes. A user name over 256 bytes is cut, so that its answer comes under
// another name and has to be refused.
//
// The text may hold colons and commas: get_auth_challenge in OpenVPN's
// src/openvpn/misc.c takes all that follows the fourth colon.
func Message(q Question) string {
	flags := "R"
	if q.Echo {
		flags = "R,E"
	}
	user := base64.StdEncoding.EncodeToString([]byte(q.Username[:min(len(q.Username), maxUsername)]))
	head := "CRV1:" + flags + ":" + q.State + ":" + user + ":"
	return head + CleanText(q.Text, maxMessage-len(authFailed)-len(head))
}

// CleanText makes one line of s that a client can show: control characters,
// line separators and bytes that are not UTF-8 become spaces, the ends are
// trimmed, and at most limit bytes are kept, whole characters only.
func CleanText(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp) {
			return ' '
		}
		return r
	}, s)
	s = strings.TrimSpace(s)
	if len(s) <= limit {
		return s
	}
	cut := max(limit, 0)
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return strings.TrimSpace(s[:cut])
}

// NewState is a fresh challenge state: 128 random bits in 22 characters of
// unpadded base64url. Whoever knows it can answer the challenge, so it is kept
// only as a hash and is short enough for a 128-byte password field.
func NewState() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails; it ends the process instead
	return base64.RawURLEncoding.EncodeToString(b[:])
}
