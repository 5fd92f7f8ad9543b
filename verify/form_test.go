package verify

import (
	"encoding/base32"
	"testing"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"ovpn-verify/verify/secret"
	"ovpn-verify/verify/state"
)

// An app goes on with what it was told at enrolment, whatever the configuration
// says by now, in every way that a code can come.
func TestCodesHaveTheFormOfTheirEnrolment(t *testing.T) {
	f := newFixture(t, func(p *Pipeline) { p.TOTP.Appended = true })
	seed := secret.FromString("12345678901234567890123456789012")
	err := f.store.Enrol(t.Context(), []state.NewEnrolment{{Enrolment: state.Enrolment{
		Identity: "ada", Seed: seed, Created: f.now, Algorithm: "SHA256", Digits: 8, Period: time.Minute}}}, true)
	if err != nil {
		t.Fatal(err)
	}
	code := func(minutes int, digits otp.Digits, algorithm otp.Algorithm) string {
		t.Helper()
		key := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(seed.Reveal())
		code, err := hotp.GenerateCodeCustom(key, uint64(f.now.Unix()/60)+uint64(minutes), hotp.ValidateOpts{Digits: digits, Algorithm: algorithm})
		if err != nil {
			t.Fatal(err)
		}
		return code
	}
	f.want(Refused, "wrong code", f.login("ada", static("pw-ada", code(0, 6, otp.AlgorithmSHA256))))
	f.want(Refused, "wrong code", f.login("ada", static("pw-ada", code(0, 8, otp.AlgorithmSHA1))))
	f.want(Refused, "wrong code", f.login("ada", static("pw-ada", code(2, 8, otp.AlgorithmSHA256))))
	f.want(Accepted, "", f.login("ada", static("pw-ada", code(-1, 8, otp.AlgorithmSHA256))))
	f.want(Accepted, "", f.login("ada", "pw-ada"+code(0, 8, otp.AlgorithmSHA256)))
	d := f.want(Challenged, "", f.login("ada", "pw-ada"))
	f.want(Refused, "used before", f.login("ada", dynamic(d, code(0, 8, otp.AlgorithmSHA256))))
	d = f.want(Challenged, "", f.login("ada", "pw-ada"))
	f.want(Accepted, "", f.login("ada", dynamic(d, code(1, 8, otp.AlgorithmSHA256))))
	// Whose form is not known has the configuration's.
	f.want(Accepted, "", f.login("bob", "pw-bob"+f.code("bob", 0)))
}
