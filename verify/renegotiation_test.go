package verify

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"ovpn-verify/challenge"
	"ovpn-verify/verify/primary"
	"ovpn-verify/verify/secret"
)

// accounts is a directory that can be asked without a password.
type accounts struct {
	*directory
	gone     map[string]bool
	owner    map[string]string // a name that has passed to another account
	rechecks int
	version  string
}

func (a *accounts) StillThere(_ context.Context, req *primary.Request) (primary.Identity, error) {
	a.rechecks++
	name := canonical(req.Username)
	switch {
	case !req.Password.Empty():
		return primary.Identity{}, errors.New("a password came along")
	case a.outage != nil:
		return primary.Identity{}, a.outage
	case a.gone[name]:
		return primary.Identity{}, fmt.Errorf("disabled: %w", primary.ErrRefused)
	case a.owner[name] != "":
		return primary.Identity{Name: a.owner[name]}, nil
	}
	return primary.Identity{Name: name, Version: a.version}, nil
}

// CheckPassword tells the version, too.
func (a *accounts) CheckPassword(ctx context.Context, req *primary.Request) (primary.Identity, error) {
	id, err := a.directory.CheckPassword(ctx, req)
	id.Version = a.version
	return id, err
}

type sessions struct {
	*fixture
	accounts *accounts
	client   Login
}

func newSessions(t *testing.T, change func(*Pipeline)) *sessions {
	t.Helper()
	backend := &accounts{directory: &directory{}, gone: map[string]bool{}, owner: map[string]string{}}
	f := newFixture(t, func(p *Pipeline) {
		withLimits(p)
		p.Backend = backend
		if change != nil {
			change(p)
		}
	})
	f.directory = backend.directory
	return &sessions{f, backend, Login{
		ID: "test", Username: "Ada", CommonName: "laptop", ClientIP: netip.MustParseAddr("192.0.2.7"), ClientPort: 40001,
		Daemon: "17/1800", CanChallenge: true, ClientProto: "990",
	}}
}

// send is one login of the client, with changes to it.
func (s *sessions) send(field string, changes ...func(*Login)) Decision {
	l := s.client
	l.Password = secret.FromString(field)
	for _, change := range changes {
		change(&l)
	}
	return s.Decide(s.t.Context(), l)
}

func port(p uint16) func(*Login)    { return func(l *Login) { l.ClientPort = p } }
func user(name string) func(*Login) { return func(l *Login) { l.Username = name } }
func tokenState(s string) func(*Login) {
	return func(l *Login) { l.SessionID, l.SessionState = "id", s }
}
func certificate(cn string) func(*Login) { return func(l *Login) { l.CommonName = cn } }

func (s *sessions) session() Session {
	c := s.client
	return Session{Username: c.Username, CommonName: c.CommonName, ClientIP: c.ClientIP, ClientPort: c.ClientPort, Daemon: c.Daemon}
}

// up has OpenVPN begin the session, and returns our token.
func (s *sessions) up(session Session) (token string) {
	s.t.Helper()
	made, err := s.Connected(s.t.Context(), session)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(made.Reveal())
}

func TestRenegotiationRepeatsTheField(t *testing.T) {
	s := newSessions(t, func(p *Pipeline) { p.Limits.Failures = 0 })
	question := s.want(Challenged, "", s.send("pw-ada"))
	for _, c := range []struct{ name, field string }{
		{"static", static("pw-ada", s.code("ada", -1))}, // spent in this order
		{"dynamic", dynamic(question, s.code("ada", 0))},
	} {
		name, field := c.name, c.field
		if d := s.want(Accepted, "", s.send(field)); d.Factor != "totp" {
			t.Errorf("%s: factor %q", name, d.Factor)
		}
		calls := s.directory.calls
		for range 5 {
			s.now = s.now.Add(time.Hour)
			if d := s.want(Accepted, "", s.send(field)); d.Factor != factorSession || d.Identity != "ada" || d.Field != name {
				t.Errorf("%s: field %q, factor %q, identity %q", name, d.Field, d.Factor, d.Identity)
			}
		}
		if s.directory.calls != calls {
			t.Error("the directory was asked for the password again")
		}
		s.want(Refused, "", s.send(field, port(40002)))
		s.want(Refused, "", s.send(field, user("bob")))
		s.want(Refused, "", s.send(field, certificate("phone")))
		s.want(Refused, "", s.send(field, func(l *Login) { l.ClientIP = netip.MustParseAddr("192.0.2.8") }))
		s.want(Refused, "", s.send(field, func(l *Login) { l.Daemon = "18/1900" }))
		s.want(Refused, "", s.send(field+"x"))
		s.now = s.now.Add(-5 * time.Hour)
	}
}

func TestSessionEndsAtItsLifetime(t *testing.T) {
	s := newSessions(t, nil)
	field := static("pw-ada", s.code("ada", 0))
	s.want(Accepted, "", s.send(field))
	s.now = s.now.Add(12*time.Hour - time.Second)
	s.want(Accepted, "", s.send(field))
	s.now = s.now.Add(time.Second)
	s.want(Refused, "", s.send(field))
}

func TestDisabledAccountIsOutAtTheNextRenegotiation(t *testing.T) {
	s := newSessions(t, nil)
	field := static("pw-ada", s.code("ada", 0))
	s.want(Accepted, "", s.send(field))
	s.accounts.gone["ada"] = true
	s.want(Refused, "disabled", s.send(field))
	s.Session.Recheck = recheckNone
	s.want(Accepted, "", s.send(field))
	s.Session.Recheck = recheckAccount
	s.accounts.gone["ada"] = false
	s.accounts.owner["ada"] = "another ada"
	s.want(Refused, "by now", s.send(field))
	s.accounts.owner = nil
	s.accounts.outage = errors.New("away")
	s.want(Unavailable, "away", s.send(field))
}

func TestSomebodyElsesGuessesDoNotEndASession(t *testing.T) {
	s := newSessions(t, func(p *Pipeline) { p.Login.SecondFactor = "none" })
	s.want(Accepted, "", s.send("pw-ada"))
	for range 4 {
		s.want(Refused, "", s.login("Ada", "guess"))
	}
	s.want(Refused, "locked out", s.login("Ada", "pw-ada"))
	calls := s.directory.calls
	if d := s.want(Accepted, "", s.send("pw-ada")); d.Factor != "none" || s.directory.calls != calls+1 {
		t.Errorf("a password that is good again and again was not checked again: %+v", d)
	}
	s.want(Refused, "wrong password", s.send("guess"))
}

func TestOneTimePasswordsAreRecognised(t *testing.T) {
	s := newSessions(t, func(p *Pipeline) { p.Login.SecondFactor, p.OneTimePasswords = "none", true })
	s.want(Accepted, "", s.send("pw-ada"))
	calls := s.directory.calls
	s.want(Accepted, "", s.send("pw-ada"))
	if s.directory.calls != calls || s.accounts.rechecks != 1 {
		t.Errorf("%d more checks, %d rechecks", s.directory.calls-calls, s.accounts.rechecks)
	}
}

func TestRetryOfALostConnection(t *testing.T) {
	s := newSessions(t, nil)
	s.up(s.session()) // client-connect is configured
	field := static("pw-ada", s.code("ada", 0))
	s.want(Accepted, "", s.send(field))
	s.want(Refused, "used before", s.send(field, port(40002))) // at the same moment: not a retry
	s.now = s.now.Add(3 * time.Second)
	s.want(Refused, "", s.send(field, port(40002), user("bob")))
	s.want(Refused, "", s.send(field, port(40002), func(l *Login) { l.ClientIP = netip.MustParseAddr("192.0.2.8") }))
	d := s.want(Accepted, "", s.send(field, port(40002)))
	if len(d.Notes) != 1 || !strings.Contains(d.Notes[0], "reuse_grace") {
		t.Errorf("notes %q", d.Notes)
	}
	s.want(Refused, "used before", s.send(field, port(40003)))
	s.now = s.now.Add(time.Hour)
	s.want(Accepted, "", s.send(field, port(40002))) // its renegotiation
}

func TestNoRetryOnceTheSessionIsUp(t *testing.T) {
	s := newSessions(t, nil)
	s.up(s.session())
	field := static("pw-ada", s.code("ada", 0))
	s.want(Accepted, "", s.send(field))
	if s.up(s.session()) == "" {
		t.Fatal("there is no token")
	}
	s.now = s.now.Add(3 * time.Second)
	s.want(Refused, "used before", s.send(field, port(40002)))
}

func TestOurToken(t *testing.T) {
	s := newSessions(t, nil)
	s.want(Accepted, "", s.send(static("pw-ada", s.code("ada", 0))))
	token := s.up(s.session())
	if len(token) != 58 {
		t.Fatalf("%d bytes", len(token))
	}
	calls := s.directory.calls
	for range 5 {
		s.now = s.now.Add(time.Hour)
		if d := s.want(Accepted, "", s.send(token)); d.Field != "token" || d.Identity != "ada" {
			t.Errorf("%+v", d)
		}
	}
	s.want(Accepted, "", s.send(token, port(40002))) // reconnected
	s.want(Refused, `belongs to "Ada"`, s.send(token, user("bob")))
	s.want(Refused, "certificate", s.send(token, certificate("phone")))
	s.want(Refused, "unknown", s.send(token+"x"))
	s.want(Refused, "unknown", s.send(string(challenge.NewToken().Reveal())))
	s.accounts.gone["ada"] = true
	s.want(Refused, "disabled", s.send(token))
	s.accounts.gone["ada"] = false
	if s.directory.calls != calls {
		t.Error("a token went to the directory")
	}
	moved := s.session()
	moved.ClientPort = 40002
	second := s.up(moved)
	if err := s.Disconnected(t.Context(), s.session()); err != nil {
		t.Fatal(err)
	}
	s.want(Refused, "unknown", s.send(token))
	s.want(Accepted, "", s.send(second, port(40002)))
	s.now = s.now.Add(7 * time.Hour) // twelve since the password
	s.want(Refused, "unknown", s.send(second, port(40002)))
}

func TestGeneratedToken(t *testing.T) {
	s := newSessions(t, nil)
	const token = "SESS_ID_AT_abcdef"
	for state, cause := range map[string]string{
		"": "not checked", "Initial": "Initial", "Expired": "Expired", "Invalid": "Invalid",
		"AuthenticatedEmptyUser": "EmptyUser", "ExpiredEmptyUser": "EmptyUser", "authenticated": "authenticated",
	} {
		s.want(Refused, cause, s.send(token, tokenState(state)))
	}
	s.want(Accepted, "", s.send(token, tokenState("Authenticated")))
	s.accounts.gone["ada"] = true
	s.want(Refused, "disabled", s.send(token, tokenState("Authenticated")))
	if s.directory.calls != 0 {
		t.Error("a token went to the directory")
	}
	// The state speaks of a token; a password is a password.
	s.want(Challenged, "", s.send("pw-ada", tokenState("Initial")))
	s.want(Challenged, "", s.send("pw-ada", tokenState("Authenticated")))
	s.want(Refused, "wrong password", s.send("pw-bob", tokenState("Authenticated")))
	// OpenVPN hands out its own: two would get in each other's way.
	s.want(Accepted, "", s.send(static("pw-ada", s.code("ada", 0)), tokenState("Initial")))
	withID := s.session()
	withID.SessionID = "id"
	if s.up(withID) != "" {
		t.Error("a token of ours beside OpenVPN's")
	}
}
