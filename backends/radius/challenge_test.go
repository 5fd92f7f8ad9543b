package radius

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"layeh.com/radius"
	"layeh.com/radius/rfc2865"
	"layeh.com/radius/rfc2869"

	"ovpn-verify/backends/backendtest/fakeradius"
	"ovpn-verify/verify/primary"
)

var (
	longState = bytes.Repeat([]byte{0, 255, 80, 18, '\n'}, 51)[:253]
	carol     = fakeradius.User{Password: password, Rounds: []fakeradius.Round{
		{Prompt: []string{"Enter the ", "code"}, State: longState, Answer: "246810"},
		{Prompt: []string{"And the PIN"}, Echo: new(true), State: []byte{0}, Answer: "1234"},
		{Echo: new(false), Answer: "last one, without a State"},
	}}
)

func asked(t *testing.T, err error) *primary.ChallengeError {
	t.Helper()
	c, ok := errors.AsType[*primary.ChallengeError](err)
	if !ok {
		t.Fatalf("%v; want a challenge", err)
	}
	return c
}

func startCarol(t *testing.T) (*fakeradius.Server, *Backend) {
	s := start(t, fakeradius.Options{Users: map[string]fakeradius.User{"carol": carol, "bob": carol}})
	other := start(t, fakeradius.Options{AcceptAll: true})
	return s, backend(t, config(t, s.Addr(), other.Addr()))
}

func TestRoundsOfChallenge(t *testing.T) {
	s, b := startCarol(t)
	_, err := b.CheckPassword(t.Context(), login("carol", password))
	for _, want := range []struct {
		prompt string
		echo   bool
		answer string
	}{
		{"Enter the code", false, "246810"}, {"And the PIN", true, "1234"}, {"", false, "last one, without a State"},
	} {
		c := asked(t, err)
		if c.Prompt != want.prompt || c.Echo != want.echo {
			t.Errorf("prompt %q, echo %v; want %q, %v", c.Prompt, c.Echo, want.prompt, want.echo)
		}
		var id primary.Identity
		id, err = b.AnswerChallenge(t.Context(), login("carol", want.answer), c.State)
		if (err == nil) != (id.Name == "carol") {
			t.Errorf("identity %q with error %v", id.Name, err)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	reqs := s.Requests()
	if len(reqs) != 4 || reqs[0].State != nil || !bytes.Equal(reqs[1].State, longState) || !bytes.Equal(reqs[2].State, []byte{0}) || reqs[3].State != nil {
		t.Errorf("State did not come back as it was sent: %+v", reqs)
	}
}

func TestWrongAnswerToAChallengeIsRefused(t *testing.T) {
	_, b := startCarol(t)
	_, err := b.CheckPassword(t.Context(), login("carol", password))
	c := asked(t, err)
	for _, answer := range []string{"135791", "", "246810\x00", password} {
		if _, err := b.AnswerChallenge(t.Context(), login("carol", answer), c.State); !errors.Is(err, primary.ErrRefused) {
			t.Errorf("%q: %v; want a refusal", answer, err)
		}
	}
}

// Bob cannot answer what carol was asked, though a server that goes by State alone would let him.
func TestChallengeIsAnsweredByTheUserWhoWasAsked(t *testing.T) {
	s, b := startCarol(t)
	_, err := b.CheckPassword(t.Context(), login("carol", password))
	c := asked(t, err)
	if _, err := b.AnswerChallenge(t.Context(), login("bob", "246810"), c.State); !errors.Is(err, primary.ErrRefused) {
		t.Errorf("%v; want a refusal", err)
	}
	if n := len(s.Requests()); n != 1 {
		t.Errorf("%d requests", n)
	}
}

// The second server would accept everything and is never asked.
func TestAnswerGoesToTheServerThatAsked(t *testing.T) {
	s, b := startCarol(t)
	_, err := b.CheckPassword(t.Context(), login("carol", password))
	c := asked(t, err)
	s.Close()
	id, err := b.AnswerChallenge(t.Context(), login("carol", "246810"), c.State)
	outage(t, id, err)

	gone := pending{server: "192.0.2.1:1812", username: "carol"}.encode()
	id, err = b.AnswerChallenge(t.Context(), login("carol", "246810"), gone)
	outage(t, id, err)
	if !strings.Contains(err.Error(), "no longer one of radius.servers") {
		t.Error(err)
	}
}

func TestDamagedStateIsAnOutage(t *testing.T) {
	s, b := startCarol(t)
	whole := pending{server: s.Addr(), username: "carol", state: []byte("state")}.encode()
	for name, state := range map[string][]byte{
		"nil": nil, "empty": {}, "version": append([]byte{1}, whole[1:]...), "no fields": {2}, "half a length": {2, 0},
		"no server": pending{username: "carol"}.encode(), "no user": pending{server: s.Addr()}.encode(),
		"cut": whole[:len(whole)-1], "tail": append(slices.Clone(whole), 0), "length too large": {2, 255, 255, 0},
		"half a trail":   pending{server: s.Addr(), username: "carol", secrets: make(trails, saltLen+trailLen-1)}.encode(),
		"many trails":    pending{server: s.Addr(), username: "carol", secrets: make(trails, saltLen+trailLen*(maxTrails+1))}.encode(),
		"State too long": pending{server: s.Addr(), username: "carol", state: make([]byte, 254)}.encode(),
	} {
		id, err := b.AnswerChallenge(t.Context(), login("carol", "246810"), state)
		if outage(t, id, err); !errors.Is(err, errPending) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := len(s.Requests()); n != 0 {
		t.Errorf("%d requests", n)
	}
}

func TestOddChallenges(t *testing.T) {
	malformedPrompt := radius.Attributes{{Type: rfc2869.Prompt_Type, Attribute: []byte{1}}}
	twoStates := radius.Attributes{{Type: rfc2865.State_Type, Attribute: []byte("b")}}
	emptyState := radius.Attributes{{Type: rfc2865.State_Type}}
	s := start(t, fakeradius.Options{Users: map[string]fakeradius.User{
		"prompt": {Password: password, Rounds: []fakeradius.Round{{State: []byte("a"), Extra: malformedPrompt}}},
		"two":    {Password: password, Rounds: []fakeradius.Round{{State: []byte("a"), Extra: twoStates}}},
		"empty":  {Password: password, Rounds: []fakeradius.Round{{Extra: emptyState}}},
	}})
	b := backend(t, config(t, s.Addr()))
	_, err := b.CheckPassword(t.Context(), login("prompt", password))
	if asked(t, err).Echo {
		t.Error("a malformed Prompt shows what is typed")
	}
	for _, user := range []string{"two", "empty"} {
		id, err := b.CheckPassword(t.Context(), login(user, password))
		outage(t, id, err)
	}
}

func FuzzChallengeState(f *testing.F) {
	f.Add([]byte("\x02\x00\x01s\x00\x05carol\x00\x03h:1\x00\x00"))
	f.Add([]byte("\x02\x00\x00\x00\x01c\x00\x01h\x00\x10sixteen bytes of"))
	f.Add(pending{server: "[::1]:1812", username: "ada", state: longState}.encode())
	f.Add(pending{server: "h:1", username: "ada", secrets: trails(nil).with(login("ada", password))}.encode())
	f.Add([]byte{2, 255, 255, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := decodePending(b)
		if err != nil {
			return
		}
		if !bytes.Equal(p.encode(), b) {
			t.Errorf("%x came back as %x", b, p.encode())
		}
		if p.server == "" || p.username == "" || len(p.state) > maxAttribute {
			t.Errorf("%x gave %+v", b, p)
		}
	})
}
