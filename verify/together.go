package verify

import (
	"context"
	"errors"

	"ovpn-verify/verify/state"
)

// errFault is what an attempt ends in whose check panics: an outage, of which the worker
// tells.
var errFault = errors.New("working on it failed")

// settling returns what settle makes of the outcome of check. It is called also when
// check panics.
func settling(check func() error, settle func(error) error) error {
	returned := false
	defer func() {
		if !returned {
			_ = settle(errFault)
		}
	}()
	err := check()
	returned = true
	return settle(err)
}

// decideIn decides a login that is in the attempt s, and settles it.
func (a *attempt) decideIn(ctx context.Context, s *sharedAttempt, first bool, check func() error) error {
	if !first {
		return a.decideAlike(ctx, s, check)
	}
	defer close(s.decided)
	return settling(check, func(err error) error {
		wasRefused := verdictOf(err) == Refused
		err = a.settle(ctx, s, err)
		if wasRefused {
			s.refusal = &refused{err, a.stage, a.factor, a.identity, a.guessed}
		}
		return err
	})
}

// decideAlike is decideIn for those who follow the first.
func (a *attempt) decideAlike(ctx context.Context, s *sharedAttempt, check func() error) error {
	var same *refused
	return settling(func() (err error) {
		same, err = s.follow(ctx, check)
		return err
	}, func(err error) error {
		err = a.settle(ctx, s, err)
		if same != nil { // not before: it is counted once
			a.stage, a.factor, a.identity, a.guessed = same.stage, same.factor, same.identity, same.guessed
		}
		return err
	})
}

// settle writes what the verdict hangs on, before anybody is told.
func (a *attempt) settle(ctx context.Context, s *sharedAttempt, err error) error {
	if a.underWay.alone(s) {
		return a.conclude(ctx, s.id, a.begun, err)
	}
	err = a.keep(ctx, err)
	return a.leave(ctx, s, a.ended(a.begun, err), err)
}

// leave settles what is due of an attempt that others may still be in. Where that
// cannot be written, the last one tries once more: else a hundred logins alike would
// wait for the state one after the other.
func (a *attempt) leave(ctx context.Context, s *sharedAttempt, ended []state.Ended, outcome error) error {
	s.settling.Lock()
	defer s.settling.Unlock()
	due, last := a.underWay.leave(s, ended)
	if len(due) == 0 {
		return outcome
	}
	if s.notCounted == nil || last {
		s.notCounted = a.count(ctx, s.id, due)
		if s.notCounted == nil {
			a.underWay.settled(s, due)
		}
	}
	return a.counted(ctx, outcome, s.notCounted)
}
