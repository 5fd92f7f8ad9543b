package verify

import (
	"context"
	"errors"

	"ovpn-verify/verify/primary"
	"ovpn-verify/verify/secret"
	"ovpn-verify/verify/state"
)

func (a *attempt) ended(counters []state.Counter, err error) []state.Ended {
	var ended []state.Ended
	for _, c := range counters {
		ended = append(ended, state.Ended{Counter: c, Outcome: a.outcome(c, err)})
	}
	if len(counters) == 0 {
		return nil
	}
	names := counters[:1]
	// The right answer to a question stands for the password before it as well.
	if verdictOf(err) == Accepted && names[0].Kind == state.CountFactor {
		c := names[0]
		c.Kind = state.CountUser
		names = []state.Counter{names[0], c}
		ended = append(ended, state.Ended{Counter: c, Outcome: a.outcome(c, err)})
	}
	// Every spelling of a name counts for the one account.
	if about := a.account(err); about != "" && !state.SameCounted(about, a.login.Username) {
		for _, c := range names {
			c.Name = about
			ended = append(ended, state.Ended{Counter: c, Outcome: a.outcome(c, err)})
		}
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
// question is no guess. An address is charged with both, and never cleared: else
// whoever has an account of his own could go on guessing others'. It is not charged
// with what is no guess: one client that repeats a spent code would lock its whole
// office out.
func (a *attempt) outcome(c state.Counter, err error) state.Outcome {
	switch verdictOf(err) {
	case Accepted:
		// A session goes on: that says nothing of those who guess elsewhere.
		if c.Kind == state.CountAddress || a.inSession && c.Kind != state.CountPlace {
			return state.Void
		}
		return state.Cleared
	case Refused:
		if a.passwordWrong() || c.Kind == state.CountAddress && (a.codeWrong || a.lockedOut) || a.hidesRight(c) {
			return state.Failed
		}
		return state.Void
	default:
		return state.Void
	}
}

func (a *attempt) passwordWrong() bool { return a.guessed && a.identity.Name == "" }

// hidesRight: another spelling of a locked account counts as for a wrong
// password; else whether it gets locked would tell that the password was right.
func (a *attempt) hidesRight(c state.Counter) bool {
	return a.lockedOut && !state.SameCounted(c.Name, a.identity.Name)
}

// checkLocked refuses a user whose password was right while the identity is
// locked out, or its codes are: nobody shall learn from a question that it was.
func (a *attempt) checkLocked(ctx context.Context, identity string, asksForCode bool) error {
	var counters []state.Counter
	if !a.inSession && !state.SameCounted(identity, a.login.Username) { // else passed when the attempt began
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
		a.stage, a.lockedOut = StageLimits, true
		return refusal(primary.LockedOut, "%v", err)
	}
	return err
}

// checkLockedSince refuses an attempt that had to wait before anybody was asked,
// when the user or the address was locked out meanwhile: of a thousand guesses
// that come at once no more are made than one after the other.
func (a *attempt) checkLockedSince(ctx context.Context) error {
	if len(a.begun) == 0 {
		return nil
	}
	err := a.Store.Locked(ctx, a.begun, a.Now())
	if errors.Is(err, state.ErrLocked) {
		a.stage, a.guessed = StageLimits, false // nobody heard it
		return refusal(primary.LockedOut, "%v", err)
	}
	return err
}

// checkReason keeps a reason from a locked user that is for the right password alone.
func (a *attempt) checkReason(ctx context.Context, err error) error {
	_, reason := errors.AsType[*primary.ReasonError](err)
	if about := a.account(err); reason && about != "" {
		if locked := a.checkLocked(ctx, about, false); locked != nil {
			return locked
		}
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
