package radius

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"layeh.com/radius"
	"layeh.com/radius/rfc2865"

	"ovpn-verify/backends/backendtest/fakeradius"
	"ovpn-verify/verify/primary"
)

const (
	echoed  = "tr0ub4dor\t&3" // a control character in it becomes a space where it is shown
	echoPIN = "4711-0815"
)

// echoing asks twice; every text of it repeats what.
func echoing(t *testing.T, what string) *Backend {
	text := fmt.Sprintf("you sent %s, did you?", what)
	s := start(t, fakeradius.Options{Reject: text, Users: map[string]fakeradius.User{"carol": {
		Password: echoed,
		Rounds: []fakeradius.Round{
			{Prompt: []string{text}, State: []byte{1}, Answer: echoPIN},
			{Prompt: []string{text}, State: []byte{2}, Answer: "12"},
		},
		Accept: radius.Attributes{{Type: rfc2865.ReplyMessage_Type, Attribute: []byte(text)}},
	}}})
	cfg := config(t, s.Addr())
	cfg.ShowReplyMessage = true
	return backend(t, cfg)
}

// A server may repeat what it was sent, in this round or in an earlier one; no
// text with a secret of its login in it goes further.
func TestNoTextRepeatsASecretOfItsLogin(t *testing.T) {
	for what, repeats := range map[string]struct{ first, second, last bool }{
		"nothing":            {},
		"12":                 {}, // a choice from a menu, by its length
		echoed:               {true, true, true},
		"tr0ub4dor &3":       {true, true, true},
		"tr0ub4dor\u2028&3":  {true, true, true},
		"x" + echoPIN + "\n": {false, true, true},
	} {
		b := echoing(t, what)
		check := func(when, text string, repeated bool) {
			if (text == "") != repeated {
				t.Errorf("%q, %s: %q", what, when, text)
			}
		}
		_, err := b.CheckPassword(t.Context(), login("carol", echoed))
		first := asked(t, err)
		check("first question", first.Prompt, repeats.first)
		check("refusal", refusedWith(t, b, "wrong", first.State), repeats.first)
		_, err = b.AnswerChallenge(t.Context(), login("carol", echoPIN), first.State)
		second := asked(t, err)
		check("second question", second.Prompt, repeats.second)
		check("last refusal", refusedWith(t, b, "34", second.State), repeats.last)
		id, err := b.AnswerChallenge(t.Context(), login("carol", "12"), second.State)
		if err != nil {
			t.Fatal(err)
		}
		check("accept", strings.Join(id.Attributes["Reply-Message"], ""), repeats.last)
	}
}

// refusedWith is what the user is shown for a wrong answer; the log has the same.
func refusedWith(t *testing.T, b *Backend, answer string, state []byte) string {
	t.Helper()
	_, err := b.AnswerChallenge(t.Context(), login("carol", answer), state)
	if !errors.Is(err, primary.ErrRefused) {
		t.Fatal(err)
	}
	reason, shown := errors.AsType[*primary.ReasonError](err)
	if logged := strings.Contains(err.Error(), "you sent"); logged != shown {
		t.Errorf("the log has %v", err)
	}
	if !shown {
		return ""
	}
	return reason.Text
}

// What waits with the challenge does not hold what it recognises.
func TestTrailsAreShort(t *testing.T) {
	one, other := trails(nil).with(login("ada", echoed)), trails(nil).with(login("ada", echoed))
	if len(one) != saltLen+trailLen || string(one) == string(other) {
		t.Errorf("%x and %x", one, other)
	}
	if short := trails(nil).with(login("ada", "abc")); short.count() != 0 || short.found("abc") {
		t.Errorf("a secret of three bytes leaves %x", short)
	}
	t.Run("without end", func(t *testing.T) {
		var all trails
		for range 2 * maxTrails {
			all = all.with(withCode("ada", password, "123456"))
		}
		if !all.valid() || all.count() != maxTrails {
			t.Errorf("%d trails", all.count())
		}
	})
}
