package challenge

import (
	"bytes"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"fmt"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"ovpn-verify/verify/secret"
)

// seedSize is 160 bits, which RFC 4226 section 4 R6 recommends.
const seedSize = 20

var unpadded = base32.StdEncoding.WithPadding(base32.NoPadding)

// TOTP is RFC 6238 with HMAC-SHA-1, the one algorithm that every authenticator
// app knows. The zero TOTP matches nothing.
type TOTP struct {
	Digits int           // 6 to 8
	Period time.Duration // whole seconds, at least one
	Skew   int           // steps accepted before and after the current one
}

// Match tells whether code is right for seed (the raw key) at now or within Skew
// steps of it. Spaces in code are ignored, as apps show "123 456"; the rest must
// be exactly Digits ASCII digits. All steps are compared, in constant time.
//
// step is the first second (Unix time) of the step that matched, for the caller
// to spend: seconds keep their order when the period is changed in the
// configuration, step numbers do not. Should a code be right for two steps it is
// the later one, so that spending it spends both.
func (t TOTP) Match(seed, code secret.Text, now time.Time) (step uint64, ok bool) {
	typed := bytes.ReplaceAll(code.Reveal(), []byte(" "), nil)
	period := int64(t.Period / time.Second)
	if seed.Empty() || period < 1 || t.Digits < 6 || t.Digits > 8 || t.Skew < 0 ||
		len(typed) != t.Digits || !allDigits(typed) {
		return 0, false
	}
	key := unpadded.EncodeToString(seed.Reveal())
	current := now.Unix() / period
	for n := current - int64(t.Skew); n <= current+int64(t.Skew); n++ {
		if n < 0 {
			continue
		}
		want, err := hotp.GenerateCodeCustom(key, uint64(n), hotp.ValidateOpts{
			Digits: otp.Digits(t.Digits), Algorithm: otp.AlgorithmSHA1})
		if err != nil {
			return 0, false
		}
		if subtle.ConstantTimeCompare([]byte(want), typed) == 1 {
			step, ok = uint64(n*period), true
		}
	}
	return step, ok
}

// NewSeed is a fresh key of 160 random bits, raw.
func NewSeed() secret.Text {
	b := make([]byte, seedSize)
	_, _ = rand.Read(b) // never fails; it ends the process instead
	return secret.New(b)
}

// URI is the otpauth:// text that apps scan, with the seed in it: show it to
// nobody but the user. The format is Google Authenticator's Key URI
// (github.com/google/google-authenticator/wiki/Key-Uri-Format). A space is %20,
// as apps show a plus sign as it is; a colon in the issuer becomes a space, as
// the first colon ends the issuer even when it is escaped.
func (t TOTP) URI(issuer, account string, seed secret.Text) string {
	label, parameter := escape(account), ""
	if issuer = strings.ReplaceAll(issuer, ":", " "); issuer != "" {
		label = escape(issuer) + ":" + label
		parameter = "&issuer=" + escape(issuer)
	}
	return fmt.Sprintf("otpauth://totp/%s?secret=%s%s&algorithm=SHA1&digits=%d&period=%d",
		label, unpadded.EncodeToString(seed.Reveal()), parameter, t.Digits, int64(t.Period/time.Second))
}

// escape percent-encodes all but the unreserved characters of RFC 3986 section 2.3.
func escape(s string) string {
	var out strings.Builder
	for _, c := range []byte(strings.ToValidUTF8(s, "\uFFFD")) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9',
			c == '-', c == '.', c == '_', c == '~':
			out.WriteByte(c)
		default:
			fmt.Fprintf(&out, "%%%02X", c)
		}
	}
	return out.String()
}

func allDigits(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}
