package verify

import (
	"errors"
	"testing"

	"ovpn-verify/verify/secret"
	"ovpn-verify/verify/trace"
)

// Where a login ended, and that the step of the second factor has its error.
func TestStageTellsWhereALoginEnded(t *testing.T) {
	f := newFixture(t, func(p *Pipeline) { p.TOTP.Appended = true })
	f.directory.asks = map[string][]string{"bob": {"one"}}
	asked := f.login("ada", "pw-ada")
	for _, c := range []struct {
		user, field, want string
		outage            error
	}{
		{"a\nb", "pw", StageLogin, nil},
		{"ada", "SCRV1:broken", StageLogin, nil},
		{"ada", "pw-bob", StagePassword, nil},
		{"ada", "pw-ada", StagePassword, errors.New("down")},
		{"bob", "pw-bob", StageChallenge, nil},
		{"ada", "CRV1::unknown::1", StageChallenge, nil},
		{"carol", "pw-carol", StageFactor, nil},
		{"ada", "pw-ada", StageFactor, nil},
		{"ada", dynamic(asked, "000000"), StageFactor, nil},
		{"ada", "pw-ada" + f.code("ada", 0), "", nil},
	} {
		var last trace.Step
		f.directory.outage = c.outage
		d := f.Decide(t.Context(), Login{
			ID: "test", Username: c.user, Password: secret.FromString(c.field), CommonName: c.user + "-cn",
			CanChallenge: true, OnStep: func(s trace.Step) { last = s },
		})
		if d.Stage != c.want || (d.Verdict == Accepted) != (c.want == "") {
			t.Errorf("%q, %q: %q (%v)", c.user, c.field, d.Stage, d.Cause)
		}
		if c.want == StageFactor && (last.Name != "second factor" || last.Err == nil) {
			t.Errorf("%q, %q: the last step is %+v", c.user, c.field, last)
		}
	}
	f.store.Close()
	if d := f.login("ada", "pw-ada000000"); d.Verdict != Unavailable || d.Stage != StageFactor {
		t.Errorf("%v at %q", d.Verdict, d.Stage)
	}
}
