package challenge

import (
	"bytes"
	"crypto/rand"
	"crypto/subtle"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"ovpn-verify/verify/secret"
)

// seedSize is 160 bits, which RFC 4226 section 4 R6 recommends.
const seedSize = 20

// TOTP is RFC 6238. The zero TOTP matches nothing.
type TOTP struct {
	Algorithm string        // a key of algorithms; empty: SHA1, the one that every app knows
	Digits    int           // 6 to 8
	Period    time.Duration // whole seconds, at least one
	Skew      int           // steps accepted before and after the current one
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
	algorithm, known := algorithms[t.Algorithm]
	if !known || seed.Empty() || period < 1 || t.Digits < 6 || t.Digits > 8 || t.Skew < 0 ||
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
			Digits: otp.Digits(t.Digits), Algorithm: algorithm})
		if err != nil {
			return 0, false
		}
		if subtle.ConstantTimeCompare([]byte(want), typed) == 1 {
			step, ok = uint64(n*period), true
		}
	}
	return step, ok
}

// algorithms by their names in URIs.
var algorithms = map[string]otp.Algorithm{
	"": otp.AlgorithmSHA1, "SHA1": otp.AlgorithmSHA1, "SHA256": otp.AlgorithmSHA256, "SHA512": otp.AlgorithmSHA512,
}

// NewSeed is a fresh key of 160 random bits, raw.
func NewSeed() secret.Text {
	b := make([]byte, seedSize)
	_, _ = rand.Read(b) // never fails; it ends the process instead
	return secret.New(b)
}

func allDigits(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}
