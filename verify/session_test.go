package verify

import (
	"testing"
	"time"

	"ovpn-verify/verify/secret"
	"ovpn-verify/verify/state"
)

// A renegotiation's connection is up: whoever repeats its code elsewhere is no retry.
func TestNewCodeInASessionCannotBeRetriedElsewhere(t *testing.T) {
	s := newSessions(t, nil)
	s.want(Accepted, "", s.send(static("pw-ada", s.code("ada", 0))))
	s.up(s.session())
	s.now = s.now.Add(time.Hour)
	field := static("pw-ada", s.code("ada", 0))
	s.want(Accepted, "", s.send(field))
	s.now = s.now.Add(3 * time.Second)
	s.want(Refused, "used before", s.send(field, port(40002)))
}

// A lost phone, or a second factor that was not asked for yet: the session ends.
func TestSessionEndsWithTheSecondFactorItBeganWith(t *testing.T) {
	reenrol := func(s *sessions) {
		_ = s.store.RemoveEnrolment(s.t.Context(), "ada")
		err := s.store.PutEnrolment(s.t.Context(), state.Enrolment{Identity: "ada", Seed: secret.FromString("another seed, 20 by."), Created: s.now})
		if err != nil {
			s.t.Fatal(err)
		}
	}
	for name, change := range map[string]func(*sessions){
		"removed":       func(s *sessions) { _ = s.store.RemoveEnrolment(s.t.Context(), "ada") },
		"enrolled anew": reenrol,
		"password":      func(s *sessions) { s.accounts.version = "2" },
	} {
		s := newSessions(t, nil)
		field := static("pw-ada", s.code("ada", 0))
		s.want(Accepted, "", s.send(field))
		token := s.up(s.session())
		s.now = s.now.Add(time.Hour)
		s.want(Accepted, "", s.send(field))
		s.want(Accepted, "", s.send("SESS_ID_AT_x", tokenState("Authenticated")))
		change(s)
		if d := s.send("SESS_ID_AT_x", tokenState("Authenticated")); d.Verdict != Refused {
			t.Errorf("%s, OpenVPN's token: %v", name, d.Verdict)
		}
		for _, sent := range []string{field, token} {
			if d := s.send(sent); d.Verdict != Refused {
				t.Errorf("%s: %v", name, d.Verdict)
			}
		}
	}
	s := newSessions(t, passwordOnly)
	s.want(Accepted, "", s.send("pw-ada"))
	token := s.up(s.session())
	s.want(Accepted, "", s.send(token))
	s.Login.SecondFactor = "totp"
	s.want(Refused, "second factor", s.send(token))
}

// A code that nobody asked for must not spare the password its check.
func TestCodeThatNobodyChecksMakesNoSession(t *testing.T) {
	for name, change := range map[string]func(*Pipeline){
		"no second factor": func(p *Pipeline) { p.Login.SecondFactor = "none"; p.Backend = passwordsOnly{p.Backend} },
		"not enrolled":     func(p *Pipeline) { p.TOTP.Unenrolled = unenrolledAllow },
	} {
		s := newSessions(t, change)
		carol, field := user("carol"), static("pw-carol", "123456")
		s.want(Accepted, "", s.send(field, carol))
		calls := s.directory.calls
		s.want(Accepted, "", s.send(field, carol))
		if s.directory.calls == calls {
			t.Errorf("%s: the password was not checked again", name)
		}
	}
}

// passwordsOnly is a backend that neither asks nor takes codes.
type passwordsOnly struct{ PasswordChecker }

// A client with a fixed port that connects again, before OpenVPN has noticed that
// it was gone, is given the token of its first connection once more.
func TestTokenSurvivesANewLoginFromTheSamePlace(t *testing.T) {
	s := newSessions(t, nil)
	s.want(Accepted, "", s.send(static("pw-ada", s.code("ada", 0))))
	token := s.up(s.session())
	s.now = s.now.Add(time.Minute)
	s.want(Accepted, "", s.send(static("pw-ada", s.code("ada", 0))))
	s.now = s.now.Add(time.Hour)
	s.want(Accepted, "", s.send(token))
	s.want(Refused, "certificate", s.send(token, certificate("phone")))
	s.want(Accepted, "", s.send(static("pw-ada", s.code("ada", 0)), certificate("phone")))
	s.want(Refused, "unknown", s.send(token))
}

// Where the process is not known a restart would go unnoticed.
func TestNoSessionWithoutTheDaemonsName(t *testing.T) {
	s := newSessions(t, nil)
	s.client.Daemon = ""
	field := static("pw-ada", s.code("ada", 0))
	s.want(Accepted, "", s.send(field))
	s.want(Refused, "used before", s.send(field))
}

// `user passwd` after a laptop was stolen, or somebody else under an old name.
func TestSessionEndsWithThePasswordItBeganWith(t *testing.T) {
	s := newSessions(t, nil)
	s.accounts.version = "1"
	question := s.want(Challenged, "", s.send("pw-ada"))
	field := dynamic(question, s.code("ada", 0))
	s.want(Accepted, "", s.send(field))
	token := s.up(s.session())
	s.now = s.now.Add(time.Hour)
	s.want(Accepted, "", s.send(field))
	s.want(Accepted, "", s.send(token, port(40002)))
	s.accounts.version = "2"
	s.want(Refused, "password was changed", s.send(field))
	s.want(Refused, "password was changed", s.send(token))
}

// A clock that was wrong when somebody was enrolled ends no session.
func TestEnrolmentInTheFutureEndsNoSession(t *testing.T) {
	s := newSessions(t, nil)
	_ = s.store.RemoveEnrolment(t.Context(), "ada")
	err := s.store.PutEnrolment(t.Context(), state.Enrolment{Identity: "ada", Seed: s.seeds["ada"], Created: s.now.AddDate(10, 0, 0)})
	if err != nil {
		t.Fatal(err)
	}
	field := static("pw-ada", s.code("ada", 0))
	s.want(Accepted, "", s.send(field))
	s.now = s.now.Add(time.Hour)
	s.want(Accepted, "", s.send(field))
}
