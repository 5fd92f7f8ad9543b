package state

import (
	"errors"
	"testing"
	"time"

	"ovpn-verify/verify/secret"
)

var token = secret.FromString("token-1")

// awaited is a session whose client an outage has sent away.
func awaited(t *testing.T) *Store {
	t.Helper()
	s := newStore(t)
	must(t, s.PutSession(t.Context(), sessionAt(home), secret.Text{}, 0, now))
	must(t, s.SessionUp(t.Context(), home, token, now))
	must(t, s.AwaitReturn(t.Context(), home, now))
	return s
}

func wantToken(t *testing.T, s *Store, token secret.Text, at time.Time, good bool) {
	t.Helper()
	_, err := s.SessionByToken(t.Context(), token, at)
	if err != nil && !errors.Is(err, ErrNotFound) || (err == nil) != good {
		t.Errorf("the token, good %v: %v", good, err)
	}
}

// back is what the pipeline writes when the token was accepted at a place.
func back(t *testing.T, s *Store, place Place, at time.Time) {
	t.Helper()
	session, err := s.SessionByToken(t.Context(), token, at)
	must(t, err)
	from := session.Place
	session.Place, session.From = place, from
	must(t, s.PutSession(t.Context(), session, secret.Text{}, 0, at))
}

func TestAwaitedSessionThatGoesOnWhereItWasEndsAsAnyOther(t *testing.T) {
	s := awaited(t)
	back(t, s, home, now)
	wantToken(t, s, token, now, true)
	must(t, s.EndSession(t.Context(), home, now))
	wantToken(t, s, token, now, false)
}

func TestSessionThatIsUpAgainWhereItEndedEndsAsAnyOther(t *testing.T) {
	s := awaited(t)
	must(t, s.EndSession(t.Context(), home, now))
	back(t, s, home, now)
	wantToken(t, s, token, now, true) // that connection did not come up
	second := secret.FromString("token-2")
	must(t, s.SessionUp(t.Context(), home, second, now))
	wantToken(t, s, token, now, false)
	wantToken(t, s, second, now.Add(awaitFor), true)
	must(t, s.EndSession(t.Context(), home, now))
	wantToken(t, s, second, now, false)
}

func TestClientIsAwaitedForMinutes(t *testing.T) {
	s := awaited(t)
	must(t, s.EndSession(t.Context(), home, now))
	wantToken(t, s, token, now.Add(awaitFor-time.Second), true)
	wantToken(t, s, token, now.Add(awaitFor), false)
	wantToken(t, s, token, now.Add(-time.Second), false) // a clock put back

	must(t, s.AwaitReturn(t.Context(), home, now.Add(awaitFor-time.Second))) // the outage goes on
	wantToken(t, s, token, now.Add(2*awaitFor-2*time.Second), true)

	s = awaited(t)
	wantToken(t, s, token, now.Add(awaitFor), true)
	must(t, s.EndSession(t.Context(), home, now.Add(awaitFor)))
	wantToken(t, s, token, now.Add(awaitFor), false)
}

func TestLoginByPasswordEndsWhatIsAwaited(t *testing.T) {
	other := func(change func(*Session)) Session {
		b := sessionAt(home)
		b.Port++
		change(&b)
		return b
	}
	for name, c := range map[string]struct {
		login Session
		ends  bool
	}{
		"the same client":     {other(func(*Session) {}), true},
		"from the same port":  {sessionAt(home), true},
		"another spelling":    {other(func(b *Session) { b.Username, b.Identity = "ada@example.org", "ADA" }), true},
		"another certificate": {other(func(b *Session) { b.CommonName = "phone" }), false},
		"another user":        {other(func(b *Session) { b.Identity = "bob" }), false},
		"another address":     {other(func(b *Session) { b.Address = b.Address.Next() }), false},
	} {
		t.Run(name, func(t *testing.T) {
			s := awaited(t)
			must(t, s.EndSession(t.Context(), home, now))
			must(t, s.PutSession(t.Context(), c.login, secret.Text{}, 0, now))
			wantToken(t, s, token, now, !c.ends)
		})
	}
	// OpenVPN has not noticed yet that the client had gone.
	s := awaited(t)
	must(t, s.PutSession(t.Context(), other(func(*Session) {}), secret.Text{}, 0, now))
	must(t, s.EndSession(t.Context(), home, now))
	wantToken(t, s, token, now, false)
}

func TestAllThatAreAwaitedEnd(t *testing.T) {
	s := newStore(t)
	var tokens []secret.Text
	for i := range uint16(3) {
		p, token := home, secret.FromString("token-"+string('a'+rune(i)))
		p.Port += i
		tokens = append(tokens, token)
		must(t, s.PutSession(t.Context(), sessionAt(p), secret.Text{}, 0, now))
		must(t, s.SessionUp(t.Context(), p, token, now))
		must(t, s.AwaitReturn(t.Context(), p, now))
		must(t, s.AwaitReturn(t.Context(), p, now))
		must(t, s.EndSession(t.Context(), p, now))
	}
	p := home
	p.Port += 9
	must(t, s.PutSession(t.Context(), sessionAt(p), secret.Text{}, 0, now))
	for _, token := range tokens {
		wantToken(t, s, token, now, false)
	}
}

// The client is up elsewhere, and another try by its old token fell into an outage
// before OpenVPN noticed that it had gone.
func TestClientThatIsUpElsewhereIsNotAwaited(t *testing.T) {
	s := awaited(t)
	moved := home
	moved.Port++
	back(t, s, moved, now)
	must(t, s.AwaitReturn(t.Context(), home, now))
	must(t, s.SessionUp(t.Context(), moved, secret.FromString("token-2"), now))
	must(t, s.EndSession(t.Context(), home, now))
	wantToken(t, s, token, now, false)
}
