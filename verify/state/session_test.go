package state

import (
	"bytes"
	"errors"
	"net/netip"
	"os"
	"testing"
	"time"

	"ovpn-verify/verify/secret"
)

var (
	home  = Place{Username: "Ada", Address: netip.MustParseAddr("192.0.2.7"), Port: 40001, Daemon: "17/1800"}
	field = secret.FromString("SCRV1:cHc=:MTIzNDU2")
)

func sessionAt(p Place) Session {
	return Session{Place: p, CommonName: "laptop", Identity: "ada", Began: now, Expires: now.Add(time.Hour)}
}

// see makes the store believe that client-connect is configured.
func see(t *testing.T, s *Store) {
	t.Helper()
	if err := s.SessionUp(t.Context(), Place{Username: "nobody"}, secret.FromString("x"), now); !errors.Is(err, ErrNotFound) {
		t.Fatal(err)
	}
}

func recognise(t *testing.T, s *Store, p Place, f secret.Text, at time.Time) Recognised {
	t.Helper()
	found, how, err := s.Recognise(t.Context(), p, f, true, at)
	must(t, err)
	if how != Unknown && (found.Identity != "ada" || found.CommonName != "laptop" || !found.Began.Equal(now)) {
		t.Errorf("recognised %+v", found)
	}
	return how
}

func TestOnlyTheSameFieldFromTheSamePlaceIsARenegotiation(t *testing.T) {
	s := newStore(t)
	must(t, s.PutSession(t.Context(), sessionAt(home), field, time.Minute, now))
	other := func(change func(*Place)) Place {
		p := home
		change(&p)
		return p
	}
	for name, c := range map[string]struct {
		place Place
		field secret.Text
		after time.Duration
		want  Recognised
	}{
		"the same":           {home, field, time.Minute, Renegotiation},
		"another field":      {home, secret.FromString("SCRV1:cHc=:MTIzNDU3"), time.Minute, SamePlace},
		"another user":       {other(func(p *Place) { p.Username = "ada" }), field, time.Minute, Unknown},
		"another address":    {other(func(p *Place) { p.Address = netip.MustParseAddr("192.0.2.8") }), field, time.Minute, Unknown},
		"another port":       {other(func(p *Place) { p.Port++ }), field, time.Minute, Unknown},
		"another daemon":     {other(func(p *Place) { p.Daemon = "18/1801" }), field, time.Minute, Unknown},
		"before the expiry":  {home, field, time.Hour - time.Second, Renegotiation},
		"at the expiry":      {home, field, time.Hour, Unknown},
		"a clock put back":   {home, field, -time.Second, Unknown},
		"an IPv4 in an IPv6": {other(func(p *Place) { p.Address = netip.MustParseAddr("::ffff:192.0.2.7") }), field, time.Minute, Unknown},
	} {
		if got := recognise(t, s, c.place, c.field, now.Add(c.after)); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	must(t, s.EndSession(t.Context(), home, now))
	if got := recognise(t, s, home, field, now); got != Unknown {
		t.Errorf("after its end: %v", got)
	}
}

func TestRetryIsAcceptedOnceAndOnlyUntilTheSessionIsUp(t *testing.T) {
	elsewhere := home
	elsewhere.Port, elsewhere.Daemon = 40002, "18/1801"
	s := newStore(t)
	must(t, s.PutSession(t.Context(), sessionAt(home), field, 10*time.Second, now))
	if got := recognise(t, s, elsewhere, field, now.Add(2*time.Second)); got != Unknown {
		t.Errorf("where nobody tells when a session is up: %v", got)
	}
	see(t, s)
	must(t, s.PutSession(t.Context(), sessionAt(home), field, 10*time.Second, now))
	for _, c := range []struct {
		after time.Duration
		want  Recognised
	}{{0, Unknown}, {999 * time.Millisecond, Unknown}, {2 * time.Second, Retry}, {3 * time.Second, Unknown}} {
		if got := recognise(t, s, elsewhere, field, now.Add(c.after)); got != c.want {
			t.Errorf("after %v: %v, want %v", c.after, got, c.want)
		}
	}
	must(t, s.PutSession(t.Context(), sessionAt(home), field, 10*time.Second, now))
	if got := recognise(t, s, elsewhere, field, now.Add(12*time.Second)); got != Unknown {
		t.Errorf("after the grace: %v", got)
	}
	must(t, s.PutSession(t.Context(), sessionAt(home), field, 10*time.Second, now))
	must(t, s.SessionUp(t.Context(), home, secret.FromString("token"), now.Add(time.Second)))
	if got := recognise(t, s, elsewhere, field, now.Add(2*time.Second)); got != Unknown {
		t.Errorf("when the session was up: %v", got)
	}
	must(t, s.PutSession(t.Context(), sessionAt(home), field, 0, now))
	if got := recognise(t, s, elsewhere, field, now.Add(2*time.Second)); got != Unknown {
		t.Errorf("without a grace: %v", got)
	}
}

func TestTokenIsGoodUntilItsSessionEnds(t *testing.T) {
	s := newStore(t)
	token, second := secret.FromString("token-1"), secret.FromString("token-2")
	if err := s.SessionUp(t.Context(), home, token, now); !errors.Is(err, ErrNotFound) {
		t.Errorf("a token without a session: %v", err)
	}
	must(t, s.PutSession(t.Context(), sessionAt(home), secret.Text{}, 0, now))
	must(t, s.SessionUp(t.Context(), home, token, now))
	by := func(token secret.Text, at time.Time) error {
		_, err := s.SessionByToken(t.Context(), token, at)
		return err
	}
	must(t, by(token, now.Add(59*time.Minute)))
	if err := by(token, now.Add(time.Hour)); !errors.Is(err, ErrNotFound) {
		t.Errorf("expired: %v", err)
	}
	must(t, s.SessionUp(t.Context(), home, second, now))
	if err := by(token, now); !errors.Is(err, ErrNotFound) {
		t.Errorf("replaced: %v", err)
	}
	must(t, by(second, now))
	must(t, s.EndSession(t.Context(), home, now))
	if err := by(second, now); !errors.Is(err, ErrNotFound) {
		t.Errorf("ended: %v", err)
	}
	must(t, s.PutSession(t.Context(), sessionAt(home), secret.Text{}, 0, now))
	if err := by(second, now); !errors.Is(err, ErrNotFound) {
		t.Errorf("of the session before: %v", err)
	}
}

func TestSessionsKeepNoFieldAndNoToken(t *testing.T) {
	s := newStore(t)
	token := secret.FromString("0123456789abcdef0123456789abcdef")
	must(t, s.PutSession(t.Context(), sessionAt(home), field, time.Minute, now))
	must(t, s.SessionUp(t.Context(), home, token, now))
	content, err := os.ReadFile(s.path)
	must(t, err)
	for _, text := range []secret.Text{field, token} {
		if bytes.Contains(content, text.Reveal()) {
			t.Errorf("%q is in the file", text.Reveal())
		}
	}
}

// Where passwords are all there is, no key is needed, and none that outlives a
// lost database is made.
func TestSessionsOfPasswordsNeedNoKey(t *testing.T) {
	s := newStore(t)
	must(t, s.PutSession(t.Context(), sessionAt(home), secret.Text{}, time.Minute, now))
	elsewhere := home
	elsewhere.Port++
	if got := recognise(t, s, home, field, now); got != SamePlace {
		t.Errorf("%v", got)
	}
	if got := recognise(t, s, elsewhere, field, now); got != Unknown {
		t.Errorf("%v", got)
	}
	if _, err := os.Stat(s.keyFile); err == nil {
		t.Error("there is a key file")
	}
}

// What outlives a session for a client that comes back is its token alone.
func TestSessionThatHasEndedIsNotRecognisedByItsField(t *testing.T) {
	s := newStore(t)
	token := secret.FromString("token-1")
	must(t, s.PutSession(t.Context(), sessionAt(home), field, 0, now))
	must(t, s.SessionUp(t.Context(), home, token, now))
	must(t, s.AwaitReturn(t.Context(), home, now))
	must(t, s.EndSession(t.Context(), home, now))
	if got := recognise(t, s, home, field, now); got != Unknown {
		t.Errorf("the field: %v", got)
	}
	if _, err := s.SessionByToken(t.Context(), token, now); err != nil {
		t.Errorf("the token: %v", err)
	}
}
