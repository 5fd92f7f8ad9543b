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

// limited decides by what was typed, as one attempt that is counted before anybody
// is asked.
func (a *attempt) limited(ctx context.Context, field challenge.Field) error {
	counters := a.counters(field)
	if len(counters) == 0 {
		return a.checkField(ctx, field)
	}
	a.stage = StageLimits
	if a.inSession {
		if done, err := a.limitedByPlace(ctx, field, counters); done {
			return err
		}
	}
	shared, first, err := a.join(ctx, field, counters)
	check := func() error { return a.checkField(ctx, field) }
	if err != nil {
		return a.notBegun(ctx, a.leave(ctx, shared, nil, err), counters, check)
	}
	a.begun = counters
	return a.decideIn(ctx, shared, first, check)
}

// join has a frame of its own: see DecideTo.
//
//go:noinline
func (a *attempt) join(ctx context.Context, field challenge.Field, counters []state.Counter) (s *sharedAttempt, first bool, err error) {
	return a.underWay.join(ctx, a.login.sharedKey(), func(id string) error { return a.beginAttempt(ctx, id, counters, field) })
}

// notBegun is what becomes of a login that cannot be counted, for cause.
func (a *attempt) notBegun(ctx context.Context, cause error, counters []state.Counter, check func() error) error {
	switch {
	case errors.Is(cause, state.ErrLocked):
		// A locked address says nothing of the user, and shall cost nothing.
		if a.Store.Locked(ctx, counters[1:], a.Now()) == nil {
			a.pretend(ctx)
		}
		return refusal(primary.LockedOut, "%v", cause)
	case a.canDoWithout(cause):
		trace.Note(ctx, "limits", "", fmt.Sprintf("nothing is counted: %v", cause))
		return check()
	}
	return cause
}

// limitedByPlace limits an established session's client by what failed at its own
// place: a lock-out of the user does not hold there, else anybody could end
// everybody's sessions by guessing. After as many failures as lock a user out the
// place is one as any other, and done is false: somebody else may have come to it.
func (a *attempt) limitedByPlace(ctx context.Context, field challenge.Field, counters []state.Counter) (done bool, err error) {
	p, _ := a.login.place()
	id, place := rand.Text(), a.Limits.counter(state.CountPlace, fmt.Sprintf("%s at %s port %d of %s", p.Username, p.Address, p.Port, p.Daemon))
	err = a.beginAttempt(ctx, id, []state.Counter{place}, field)
	if errors.Is(err, state.ErrLocked) {
		a.inSession = false
		return false, nil
	}
	if err != nil {
		return true, err
	}
	return true, settling(
		func() error { return a.checkField(ctx, field) },
		func(err error) error { return a.conclude(ctx, id, append(counters, place), err) })
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

// settleTimeout is what settling an attempt may take beyond the deadline.
const settleTimeout = 2 * time.Second

// endAttempt settles what became of an attempt, and returns what it ends in.
func (a *attempt) endAttempt(ctx context.Context, id string, ended []state.Ended, outcome error) error {
	if len(ended) == 0 {
		return outcome
	}
	return a.counted(ctx, outcome, a.count(ctx, id, ended))
}

func (a *attempt) count(ctx context.Context, id string, ended []state.Ended) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer cancel()
	return a.Store.EndAttempt(ctx, id, ended, a.Now())
}

// counted: a refusal that could not be counted is not told, else whoever keeps the
// state from being written could guess without end.
func (a *attempt) counted(ctx context.Context, outcome, err error) error {
	switch {
	case err == nil:
		return outcome
	case verdictOf(outcome) == Refused:
		return fmt.Errorf("%v, which could not be counted: %w", outcome, err)
	}
	trace.Note(ctx, "limits", "", fmt.Sprintf("the attempt goes on counting: %v", err))
	return outcome
}
