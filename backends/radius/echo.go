package radius

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strings"

	"ovpn-verify/verify/primary"
	"ovpn-verify/verify/secret"
)

// A server's words go to the log and to the user, and some servers repeat in
// them what they were sent. No text with a secret of its login in it goes on,
// whole or in part: to cut the secret out would show where it stood, and how
// long it is. Secrets of the same request are looked for as they are. Those of
// earlier rounds are gone by then; what is left of them are trails.

const (
	saltLen  = 16
	trailLen = 2 + 2 // the secret's length, and the beginning of a hash
	// minTrail in bytes: of a shorter secret, a trail would tell too much.
	minTrail = 4
	// maxTrails is more than rounds that the pipeline allows.
	maxTrails = 32
)

// trails recognise the secrets of earlier rounds: a salt, and for each secret
// its length and 16 bits of a hash. That is enough to find it in a text, with
// one mistake in 65,536 places, and not enough to find it out: they wait for the
// answer in the record of the challenge, which is encrypted with the
// challenge's id.
type trails []byte

// with adds the secrets of a request.
func (t trails) with(req *primary.Request) trails {
	if len(t) == 0 {
		t = make(trails, saltLen)
		_, _ = rand.Read(t) // never fails; it ends the process instead
	}
	t = slices.Clone(t)
	for _, s := range []secret.Text{req.Password, req.Code} {
		text := []byte(oneLine(string(s.Reveal())))
		if len(text) < minTrail || len(text) > maxUserPassword || t.count() >= maxTrails {
			continue
		}
		t = binary.BigEndian.AppendUint16(t, uint16(len(text)))
		t = append(t, t.hash(text)...)
	}
	return t
}

func (t trails) hash(text []byte) []byte {
	sum := sha256.Sum256(append(slices.Clone([]byte(t[:saltLen])), text...))
	return sum[:trailLen-2]
}

func (t trails) count() int { return max(len(t)-saltLen, 0) / trailLen }

// valid tells whether t has the form that with makes, or is empty.
func (t trails) valid() bool {
	if len(t) == 0 {
		return true
	}
	return len(t) >= saltLen && (len(t)-saltLen)%trailLen == 0 && t.count() <= maxTrails
}

// found tells whether one of the secrets stands in a text.
func (t trails) found(text string) bool {
	line := []byte(oneLine(text))
	for i := range t.count() {
		trail := t[saltLen+i*trailLen:][:trailLen]
		size := int(binary.BigEndian.Uint16(trail))
		for at := 0; at+size <= len(line); at++ {
			if bytes.Equal(t.hash(line[at:at+size]), trail[2:]) {
				return true
			}
		}
	}
	return false
}

// discreet is a server's text, or nothing when it repeats a secret of this
// request or of an earlier one of the login.
func discreet(text string, req *primary.Request, earlier trails) string {
	// An answer of few bytes may be the choice from a menu, which is no secret.
	choice := len(earlier) > 0 && len(req.Password.Reveal()) < minTrail
	if !choice && quotes(text, req.Password) || quotes(text, req.Code) || earlier.found(text) {
		return ""
	}
	return text
}

// quotes tells whether a text repeats a secret, as it came or as it would be shown.
func quotes(text string, s secret.Text) bool {
	if s.Empty() {
		return false
	}
	plain := string(s.Reveal())
	return strings.Contains(text, plain) || strings.Contains(oneLine(text), oneLine(plain))
}
