package verify

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"ovpn-verify/verify/front/reason"
	"ovpn-verify/verify/primary"
	"ovpn-verify/verify/secret"
	"ovpn-verify/verify/state"
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

// unsure is a store on a disk that is so slow that what was written is, but nobody is
// told.
type unsure struct {
	Store
	slow bool
}

func (u *unsure) unlessSlow(err error) error {
	if err == nil && u.slow {
		return fmt.Errorf("%w: gave up waiting for it", state.ErrUnknown)
	}
	return err
}

func (u *unsure) Conclude(ctx context.Context, c state.Conclusion, now time.Time) (noSession, err error) {
	noSession, err = u.Store.Conclude(ctx, c, now)
	return noSession, u.unlessSlow(err)
}

func (u *unsure) SpendRecoveryCode(ctx context.Context, identity string, code secret.Text, limit state.Counter, now time.Time) error {
	return u.unlessSlow(u.Store.SpendRecoveryCode(ctx, identity, code, limit, now))
}

func (u *unsure) TakeChallenge(ctx context.Context, id string, now time.Time) (state.Challenge, error) {
	c, err := u.Store.TakeChallenge(ctx, id, now)
	return c, u.unlessSlow(err)
}

// A client that repeated its code by itself would be refused, though its user did
// nothing wrong.
func TestWhatMayBeSpentIsNotRepeated(t *testing.T) {
	const recovery = "abcd-efgh-ijkl-mnop"
	for name, field := range map[string]func(*fixture) string{
		"a code":          func(f *fixture) string { return static("pw-ada", f.code("ada", 0)) },
		"a recovery code": func(*fixture) string { return static("pw-ada", recovery) },
		"an answer":       func(f *fixture) string { return dynamic(f.login("ada", "pw-ada"), f.code("ada", 0)) },
	} {
		f := newFixture(t, nil)
		disk := &unsure{Store: f.Store}
		f.Store = disk
		if err := f.store.PutRecoveryCodes(t.Context(), "ada", []secret.Text{secret.FromString(recovery)}); err != nil {
			t.Fatal(err)
		}
		password := field(f)
		disk.slow = true
		if d := f.want(Unavailable, "gave up", f.login("ada", password)); d.Text != reason.NotReached || d.Reason != ReasonState {
			t.Errorf("%s: the client is told %q for the reason %q", name, d.Text, d.Reason)
		}
		disk.slow = false
		f.want(Refused, "", f.login("ada", password))
	}
}
