package verify

import (
	"errors"
	"fmt"
	"testing"

	"ovpn-verify/verify/primary"
	"ovpn-verify/verify/secret"
)

// The words stand for what fail2ban and a monitor are to count: only a guess reads
// as one.
func TestReasonsTellGuessesFromTheRest(t *testing.T) {
	f := newFixture(t, func(p *Pipeline) { p.TOTP.Appended, p.Limits = true, DefaultLimitsConfig() })
	asked := f.login("ada", "pw-ada")
	code := f.code("ada", 0)
	for _, c := range []struct {
		user, field, want string
		outage            error
	}{
		{"a\nb", "pw", "malformed", nil},
		{"ada", "SCRV1:broken", "malformed", nil},
		{"ada", "CRV1::unknown::1", "challenge", nil},
		{"ada", "pw-ada", "backend", errors.New("down")},
		{"ada", "pw-bob", "wrong-password", fmt.Errorf("no: %w", primary.WrongPassword)},
		{"eve", "pw-eve", "unknown-user", fmt.Errorf("no: %w", primary.UnknownUser)},
		{"carol", "pw-carol", "not-enrolled", nil},
		{"ada", dynamic(asked, "000000"), "wrong-code", nil},
		{"ada", "pw-ada" + code, "", nil},
		{"ada", static("pw-ada", code), "used-code", nil},
		{"ada", "SESS_ID_AT_x", "session", nil},
	} {
		f.directory.outage = c.outage
		d := f.Decide(t.Context(), Login{ID: "test", Username: c.user, Password: secret.FromString(c.field), CommonName: c.user + "-cn", CanChallenge: true})
		if d.Reason != c.want {
			t.Errorf("%q, %q: %q (%v), want %q", c.user, c.field, d.Reason, d.Cause, c.want)
		}
	}
	f.directory.outage = nil
	for range 5 {
		f.login("mallory", "guess")
	}
	if d := f.login("mallory", "guess"); d.Reason != "locked-out" {
		t.Errorf("%q (%v)", d.Reason, d.Cause)
	}
	f.store.Close()
	if d := f.login("ada", "pw-ada"); d.Reason != "state" {
		t.Errorf("%q (%v)", d.Reason, d.Cause)
	}
}
