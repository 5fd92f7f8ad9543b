package verify

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"ovpn-verify/challenge"
	"ovpn-verify/verify/primary"
	"ovpn-verify/verify/secret"
	"ovpn-verify/verify/state"
	"ovpn-verify/verify/trace"
)

// LimitsConfig is the section [limits].
type LimitsConfig struct {
	Failures int           `toml:"failures"` // per user and per identity's codes, and 10 times that per address; 0: no limits
	Window   time.Duration `toml:"window"`
	Lockout  time.Duration `toml:"lockout"`
}

// DefaultLimitsConfig lets a person mistype and a guesser wait.
func DefaultLimitsConfig() LimitsConfig {
	return LimitsConfig{Failures: 5, Window: 10 * time.Minute, Lockout: 10 * time.Minute}
}

// Validate reports every fault.
func (c LimitsConfig) Validate() error {
	var fault error
	if c.Failures < 0 || c.Failures > 1000 {
		fault = fmt.Errorf("limits.failures must be between 0 (no limits) and 1000, not %d", c.Failures)
	}
	return errors.Join(fault,
		between("limits.window", c.Window, time.Second, 24*time.Hour),
		between("limits.lockout", c.Lockout, time.Second, 24*time.Hour))
}

// perAddress is how many times a user's failures an address may have: a whole
// office can be behind one.
const perAddress = 10

func (c LimitsConfig) counter(kind, name string) state.Counter {
	return state.Counter{Kind: kind, Name: name, Most: c.Failures, Window: c.Window, Lockout: c.Lockout}
}

// AddressCounter counts the failures of an address, of IPv6 those of the /64 that
// one customer has.
func (c LimitsConfig) AddressCounter(address netip.Addr) state.Counter {
	name := address.Unmap()
	if name.Is6() {
		prefix, _ := name.WithZone("").Prefix(64) // an address of that length has one
		name = prefix.Addr()
	}
	counter := c.counter(state.CountAddress, name.String())
	counter.Most, counter.Lenient = c.Failures*perAddress, true
	return counter
}

// UserCounters are those that lock a user out, by password and by code.
func (c LimitsConfig) UserCounters(name string) []state.Counter {
	return []state.Counter{c.counter(state.CountUser, name), c.counter(state.CountFactor, name)}
}

// limited has check decide as one attempt that is counted before anybody is
// asked. In an established session, which a renegotiation repeats, a lock-out does not hold:
// else anybody could end everybody's sessions by guessing.
func (a *attempt) limited(ctx context.Context, field challenge.Field, check func(context.Context, challenge.Field) error) error {
	counters := a.counters(field)
	if len(counters) == 0 {
		return check(ctx, field)
	}
	if a.inSession {
		err := check(ctx, field)
		a.endAttempt(ctx, rand.Text(), a.ended(counters, err))
		return err
	}
	shared, err := a.underWay.join(ctx, a.login.sharedKey(), func(id string) error { return a.beginAttempt(ctx, id, counters) })
	if errors.Is(err, state.ErrLocked) {
		a.pretend(ctx)
		return refusal("%v", err)
	}
	if a.canDoWithout(err) {
		trace.Note(ctx, "limits", "", fmt.Sprintf("nothing is counted: %v", err))
		return check(ctx, field)
	}
	if err != nil {
		return err
	}
	err = check(ctx, field)
	if all, last := a.underWay.leave(shared, a.ended(counters, err)); last {
		a.endAttempt(ctx, shared.id, all)
	}
	return err
}

// canDoWithout: where a password is all that is checked and no state was ever set
// up, logins go on without limits, as they would by limits.failures = 0.
func (a *attempt) canDoWithout(err error) bool {
	a.stateless = errors.Is(err, state.ErrNoFolder) && a.Login.SecondFactor == factorNone
	return a.stateless
}

// counters are those that an attempt with this field is counted in.
func (a *attempt) counters(field challenge.Field) []state.Counter {
	if a.Limits.Failures == 0 {
		return nil
	}
	kind := state.CountUser
	if _, answers := field.(challenge.Dynamic); answers {
		kind = state.CountFactor
	}
	counters := []state.Counter{a.Limits.counter(kind, a.login.Username)}
	if a.login.ClientIP.IsValid() {
		counters = append(counters, a.Limits.AddressCounter(a.login.ClientIP))
	}
	return counters
}

// The waits for others' attempts to end grow between these.
const (
	firstWait = 5 * time.Millisecond
	lastWait  = 100 * time.Millisecond
)

// beginAttempt waits while as many attempts are under way as may still fail.
func (a *attempt) beginAttempt(ctx context.Context, id string, counters []state.Counter) error {
	until := a.Now().Add(a.Login.Deadline + settleTimeout)
	for wait := firstWait; ; wait = min(2*wait, lastWait) {
		err := a.Store.BeginAttempt(ctx, id, counters, a.Now(), until)
		if !errors.Is(err, state.ErrBusy) {
			return err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return fmt.Errorf("waiting for other attempts of this user or address to end: %w", err)
		}
	}
}

// settleTimeout is what settling an attempt may take beyond the deadline.
const settleTimeout = 2 * time.Second

// endAttempt settles what became of an attempt. When that fails it goes on
// counting as one under way, and then as a failure.
func (a *attempt) endAttempt(ctx context.Context, id string, ended []state.Ended) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer cancel()
	if err := a.Store.EndAttempt(ctx, id, ended, a.Now()); err != nil {
		trace.Note(ctx, "limits", "", fmt.Sprintf("the attempt counts as a failure: %v", err))
	}
}

func (a *attempt) ended(counters []state.Counter, err error) []state.Ended {
	var ended []state.Ended
	for _, c := range counters {
		ended = append(ended, state.Ended{Counter: c, Outcome: a.outcome(c, err)})
	}
	// Every spelling of a name counts for the one account.
	if about := a.account(err); about != "" && state.Key(about) != state.Key(a.login.Username) {
		c := counters[0]
		c.Name = about
		ended = append(ended, state.Ended{Counter: c, Outcome: a.outcome(c, err)})
	}
	return ended
}

// account is the identity behind the name typed, as far as the backend told.
func (a *attempt) account(err error) string {
	if about, ok := errors.AsType[*primary.AccountError](err); ok {
		return about.Identity
	}
	return a.identity.Name
}

// outcome: a failure of the password is not one of the code, and the other way
// round; a wrong code has been counted where it was checked, and an answer to no
// question is no guess. An address is
// charged with both, and never cleared: else whoever has an account of his own
// could go on guessing others'.
func (a *attempt) outcome(c state.Counter, err error) state.Outcome {
	switch verdictOf(err) {
	case Accepted:
		if c.Kind == state.CountAddress {
			return state.Void
		}
		return state.Cleared
	case Refused:
		if c.Kind == state.CountAddress || a.guessed && a.identity.Name == "" {
			return state.Failed
		}
		return state.Void
	default:
		return state.Void
	}
}

// checkLocked refuses a user whose password was right while the identity is
// locked out, or its codes are: nobody shall learn from a question that it was.
func (a *attempt) checkLocked(ctx context.Context, identity string, asksForCode bool) error {
	var counters []state.Counter
	if !a.inSession && state.Key(identity) != state.Key(a.login.Username) { // else passed when the attempt began
		counters = append(counters, a.Limits.counter(state.CountUser, identity))
	}
	if asksForCode {
		counters = append(counters, a.Limits.counter(state.CountFactor, identity))
	}
	if len(counters) == 0 || a.Limits.Failures == 0 || a.stateless {
		return nil
	}
	err := a.Store.Locked(ctx, counters, a.Now())
	if errors.Is(err, state.ErrLocked) {
		return refusal("%v", err)
	}
	return err
}

// Pretender is a backend whose check takes time of its own; Pretend takes as long
// as a check would.
type Pretender interface {
	Pretend(ctx context.Context, password secret.Text)
}

func (a *attempt) pretend(ctx context.Context) {
	if backend, ok := a.Backend.(Pretender); ok {
		backend.Pretend(ctx, a.login.Password)
	}
}
