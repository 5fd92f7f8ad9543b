package verify

import (
	"context"
	"testing"

	"ovpn-verify/verify/primary"
)

// tokenServer wants password and code in one question, and may then ask another.
type tokenServer struct {
	directory
	code string // what came with the last password
	asks bool
}

func (s *tokenServer) CheckPassword(_ context.Context, req *primary.Request) (primary.Identity, error) {
	s.code = string(req.Code.Reveal())
	if s.asks {
		return primary.Identity{}, &primary.ChallengeError{Prompt: "PIN", State: []byte("1"), CodeSpent: s.code != ""}
	}
	return primary.Identity{Name: req.Username}, nil
}

// The backend sees the code when it is the one to check it, and only then.
func TestCodeGoesToTheBackendThatChecksIt(t *testing.T) {
	for factor, want := range map[string]string{"none": "one", "totp": ""} {
		s := &tokenServer{}
		f := newFixture(t, func(p *Pipeline) { p.Login.SecondFactor, p.Backend = factor, s })
		f.login("ada", static("pw-ada", "one"))
		if s.code != want {
			t.Errorf("second_factor %q: the backend saw the code %q", factor, s.code)
		}
	}
}

// A code that the server has seen is not sent again as an answer, which would be wrong.
func TestSpentCodeIsNoAnswer(t *testing.T) {
	s := &tokenServer{asks: true, directory: directory{asks: map[string][]string{"ada": {"one"}}}}
	f := newFixture(t, func(p *Pipeline) { p.Login.SecondFactor, p.Backend = "none", s })
	d := f.want(Challenged, "", f.login("ada", static("pw-ada", "123456")))
	f.want(Accepted, "", f.login("ada", dynamic(d, "one")))
}

// ownFactor is a token server's: it may check more than the password by itself.
type ownFactor struct {
	tokenServer
	takes, pushes bool
}

func (s *ownFactor) TakesCode() bool { return s.takes }
func (s *ownFactor) Pushes() bool    { return s.pushes }

// The record says "none" only where nothing but the password can have been checked.
func TestTheRecordTellsWhoCheckedTheCode(t *testing.T) {
	for _, c := range []struct {
		takes, pushes bool
		field, want   string
	}{
		{false, false, "pw-ada", "none"},
		{false, false, static("pw-ada", "123456"), "none"}, // nobody looked at it
		{true, false, static("pw-ada", "123456"), "backend"},
		{true, false, "pw-ada123456", "unknown"},
		{true, false, static("pw-ada", ""), "unknown"},
		{false, true, "pw-ada", "unknown"},
		{true, true, static("pw-ada", "123456"), "backend"},
	} {
		f := newFixture(t, func(p *Pipeline) {
			p.Login.SecondFactor, p.Backend = "none", &ownFactor{takes: c.takes, pushes: c.pushes}
		})
		if d := f.want(Accepted, "", f.login("ada", c.field)); d.Factor != c.want {
			t.Errorf("%+v: factor %q", c, d.Factor)
		}
	}
	f := newFixture(t, func(p *Pipeline) { p.Login.SecondFactor, p.OneTimePasswords = "none", true })
	if d := f.want(Accepted, "", f.login("ada", "pw-ada")); d.Factor != "unknown" {
		t.Errorf("one-time passwords: factor %q", d.Factor)
	}
	f = newFixture(t, func(p *Pipeline) { p.Backend = &ownFactor{pushes: true} })
	if d := f.want(Accepted, "", f.login("ada", static("pw-ada", f.code("ada", 0)))); d.Factor != "totp" {
		t.Errorf("factor %q", d.Factor)
	}
}
