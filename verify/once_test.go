package verify

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"ovpn-verify/verify/front/reason"
	"ovpn-verify/verify/primary"
)

// A client that tried again by itself would make the phone ring again.
func TestAnOutageAfterAPushIsNotRepeated(t *testing.T) {
	f := newFixture(t, func(p *Pipeline) { p.Login.SecondFactor = "none" })
	f.directory.outage = fmt.Errorf("radius: %w", &primary.OnceError{Err: errors.New("no answer")})
	if d := f.want(Unavailable, "no answer", f.login("ada", "pw-ada")); d.Text != reason.NotReached {
		t.Errorf("the client is told %q", d.Text)
	}
	if strings.Contains(reason.NotReached, "password") {
		t.Errorf("%q speaks of the password", reason.NotReached)
	}
	// A refusal stays one, whatever it is wrapped in.
	f.directory.outage = &primary.OnceError{Err: primary.ErrRefused}
	f.want(Refused, "", f.login("ada", "pw-ada"))
}

// The answer was sent, the client is not to send it again: the challenge is over.
func TestAChallengeIsNotKeptAfterAPush(t *testing.T) {
	f := newFixture(t, func(p *Pipeline) { p.Login.SecondFactor = "none" })
	f.directory.asks = map[string][]string{"ada": {"one"}}
	q := f.login("ada", "pw-ada")
	f.directory.outage = &primary.OnceError{Err: errors.New("no answer")}
	if d := f.want(Unavailable, "no answer", f.login("ada", dynamic(q, "one"))); d.Text != reason.NotReached {
		t.Errorf("the client is told %q", d.Text)
	}
	f.directory.outage = nil
	f.want(Refused, "answered before", f.login("ada", dynamic(q, "one")))
}

// What fails here after the user has answered the phone is no reason to ask again.
func TestAnOutageOfTheStateAfterAPushIsNotRepeated(t *testing.T) {
	for pushes, want := range map[bool]string{true: reason.NotReached, false: "TEMP[backoff 30,advance no]: " + reason.Unavailable} {
		f := newFixture(t, func(p *Pipeline) { p.Backend = &ownFactor{pushes: pushes} })
		f.store.Close()
		if d := f.want(Unavailable, "state", f.login("ada", "pw-ada")); d.Text != want {
			t.Errorf("pushes %v: the client is told %q", pushes, d.Text)
		}
	}
}
