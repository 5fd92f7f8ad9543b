package radius

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"ovpn-verify/backends/backendtest/fakeradius"
	"ovpn-verify/verify/primary"
)

// causes is what the error says for each kind of wrong answer.
var causes = map[fakeradius.Kind]string{
	fakeradius.Silent:                     "no answer in 2 × 100ms",
	fakeradius.NoMessageAuthenticator:     "1 × 100ms: answer without Message-Authenticator (CVE-2024-3596)",
	fakeradius.WrongMessageAuthenticator:  "1 × 100ms: wrong Message-Authenticator",
	fakeradius.TwoMessageAuthenticators:   "1 × 100ms: more than one Message-Authenticator",
	fakeradius.ShortMessageAuthenticator:  "malformed Message-Authenticator of 15 bytes",
	fakeradius.LongMessageAuthenticator:   "malformed Message-Authenticator of 17 bytes",
	fakeradius.WrongResponseAuthenticator: "wrong Response Authenticator: is the shared secret the same",
	fakeradius.WrongSecret:                "wrong Response Authenticator: is the shared secret the same",
	fakeradius.WrongIdentifier:            "2 × 100ms: wrong Identifier",
	fakeradius.WrongCode:                  "code 5, which answers no Access-Request",
	fakeradius.OtherPort:                  "no answer in 2 × 100ms",
	fakeradius.Garbage:                    "packet of 50 bytes with the Length 26995",
	fakeradius.Empty:                      "packet of 0 bytes",
	fakeradius.Truncated:                  "packet of 37 bytes with the Length 38",
	fakeradius.ShortLength:                "with the Length 19",
	fakeradius.EmptyAttribute:             "malformed attribute at byte 38",
	fakeradius.OneByteAttribute:           "malformed attribute at byte 38",
	fakeradius.OverlongAttribute:          "malformed attribute at byte 38",
	fakeradius.OtherRequest:               "wrong Response Authenticator",
	fakeradius.Reflected:                  "code 1, which answers no Access-Request",
}

// A wrong answer decides nothing, whatever it says, is named, and is over in time.
func TestWrongAnswersDecideNothing(t *testing.T) {
	var wg sync.WaitGroup
	for _, kind := range fakeradius.Wrong() {
		for _, accept := range []bool{true, false} {
			s := start(t, fakeradius.Options{AcceptAll: accept, Answers: []fakeradius.Kind{kind}})
			b := backend(t, impatient(t, s.Addr()))
			wg.Go(func() {
				began := time.Now()
				id, err := b.CheckPassword(t.Context(), login("alice", "wrong"))
				if err == nil || decided(err) || id.Name != "" {
					t.Errorf("kind %d, accept %v: identity %v, error %v; want an outage", kind, accept, id, err)
					return
				}
				if took := time.Since(began); took > 10*tick {
					t.Errorf("kind %d took %v", kind, took)
				}
				if cause, ok := causes[kind]; !ok || !strings.Contains(err.Error(), cause) {
					t.Errorf("kind %d: error %q; want %q in it", kind, err, cause)
				}
			})
		}
	}
	wg.Wait()
}

func TestRightAnswersOfEveryShape(t *testing.T) {
	for _, kind := range []fakeradius.Kind{fakeradius.Good, fakeradius.MessageAuthenticatorFirst, fakeradius.Padded} {
		s := start(t, fakeradius.Options{Answers: []fakeradius.Kind{kind, kind}}) // and each of them twice
		b := backend(t, config(t, s.Addr()))
		if _, err := b.CheckPassword(t.Context(), login("alice", password)); err != nil {
			t.Errorf("kind %d: %v", kind, err)
		}
		if _, err := b.CheckPassword(t.Context(), login("alice", "wrong")); !errors.Is(err, primary.ErrRefused) {
			t.Errorf("kind %d: %v; want a refusal", kind, err)
		}
	}
}

// Somebody who slips in wrong packets first does not stop the login.
func TestWrongAnswerBeforeTheRightOne(t *testing.T) {
	everything := append(fakeradius.Wrong(), fakeradius.Good)
	s := start(t, fakeradius.Options{Answers: everything})
	b := backend(t, config(t, s.Addr()))
	if _, err := b.CheckPassword(t.Context(), login("alice", password)); err != nil {
		t.Fatal(err)
	}
	if _, err := b.CheckPassword(t.Context(), login("alice", "wrong")); !errors.Is(err, primary.ErrRefused) {
		t.Fatalf("%v; want a refusal", err)
	}
}

// Without the requirement an answer may lack the attribute; nothing else is given up.
func TestMessageAuthenticatorNotRequired(t *testing.T) {
	var wg sync.WaitGroup
	for _, kind := range fakeradius.Wrong() {
		s := start(t, fakeradius.Options{AcceptAll: true, Answers: []fakeradius.Kind{kind}})
		cfg := impatient(t, s.Addr())
		cfg.RequireMessageAuthenticator = false
		b := backend(t, cfg)
		wg.Go(func() {
			id, err := b.CheckPassword(t.Context(), login("alice", password))
			accepted := err == nil && id.Name == "alice"
			if accepted != (kind == fakeradius.NoMessageAuthenticator) || decided(err) {
				t.Errorf("kind %d: identity %q, error %v", kind, id.Name, err)
			}
		})
	}
	wg.Wait()
}

// What is given up for one server is not given up for another.
func TestMessageAuthenticatorNotRequiredOfOneServer(t *testing.T) {
	opts := fakeradius.Options{AcceptAll: true, Answers: []fakeradius.Kind{fakeradius.NoMessageAuthenticator}}
	strict, lax := start(t, opts), start(t, opts)
	for server, want := range map[string]bool{strict.Addr(): false, lax.Addr(): true} {
		cfg := impatient(t, server)
		if want {
			cfg.InsecureNoMessageAuthenticator = []string{server}
		} else {
			cfg.Servers = append(cfg.Servers, dead(t))
			cfg.InsecureNoMessageAuthenticator = cfg.Servers[1:]
		}
		id, err := backend(t, cfg).CheckPassword(t.Context(), login("alice", password))
		if (err == nil) != want || (id.Name == "alice") != want || decided(err) {
			t.Errorf("exempt %v: identity %q, error %v", want, id.Name, err)
		}
	}
	wrong := start(t, fakeradius.Options{AcceptAll: true, Answers: []fakeradius.Kind{fakeradius.WrongMessageAuthenticator}})
	cfg := impatient(t, wrong.Addr())
	cfg.InsecureNoMessageAuthenticator = cfg.Servers
	id, err := backend(t, cfg).CheckPassword(t.Context(), login("alice", password))
	outage(t, id, err)
}
