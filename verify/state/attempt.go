package state

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// The answers about attempts.
var (
	// ErrLocked: so many attempts failed that there is a lock-out.
	ErrLocked = errors.New("locked out")
	// ErrBusy: as many attempts are under way as may still fail.
	ErrBusy = errors.New("too many attempts at once")
)

// The kinds of counters: each kind counts by itself.
const (
	CountUser    = "user"    // passwords of a user
	CountFactor  = "factor"  // codes of an identity
	CountAddress = "address" // failures of any kind from an address
	CountPlace   = "place"   // failures where a session is established
)

// Counter counts the failed attempts of one user or address.
type Counter struct {
	Kind string
	Name string // compared as SameCounted does
	Most int    // so many failures within Window lock for Lockout; 0: nothing is counted

	Window, Lockout time.Duration

	// Lenient: attempts under way count only once one has failed, for an address
	// that many share, and those whose process died not at all. Otherwise they count
	// always, so that no more guesses are made at once than one after the other.
	Lenient bool
}

// Outcome is what became of an attempt.
type Outcome int

// The outcomes. The zero Outcome counts against the user.
const (
	Failed  Outcome = iota
	Void            // as if it had not been: an outage, or a question
	Cleared         // the failures before it are forgotten as well
)

// BeginAttempt counts an attempt before anybody is asked, in all counters or in
// none. nil: go on, and call EndAttempt with the same id. ErrLocked: refuse;
// ErrBusy: wait. An attempt that is not ended by until is a failure; one whose
// process died before is none, nor is one that was begun too late for its caller. No
// two have the same id.
func (s *Store) BeginAttempt(ctx context.Context, id string, counters []Counter, now, until time.Time) error {
	return s.doOrUndo(ctx,
		func(t *txn) error { return t.beginAttempt(id, counters, now, until) },
		func(t *txn) error {
			_, err := t.unbegin(id, counters)
			return err
		})
}

func (t *txn) beginAttempt(id string, counters []Counter, now, until time.Time) error {
	records := make([]attempts, len(counters))
	for i, c := range counters {
		var err error
		if records[i], err = t.attempts(c, now); err != nil {
			return err
		}
	}
	// All locks first: who is locked out need not wait.
	for i, c := range counters {
		if records[i].locked(now) {
			return fmt.Errorf("%w: %s %q until %s", ErrLocked, c.Kind, c.Name, records[i].LockedUntil.UTC().Format(time.DateTime+"Z"))
		}
	}
	for i, c := range counters {
		if records[i].full(c) {
			return fmt.Errorf("%w: %s %q", ErrBusy, c.Kind, c.Name)
		}
	}
	var errs []error
	for i, c := range counters {
		records[i].begin(c, pendingAttempt{id, until, self()})
		errs = append(errs, t.putAttempts(c, records[i], now))
	}
	return errors.Join(errs...)
}

// unbegin takes an attempt out of the counters that have it. No clock says what else of
// them is over: the one by which it was begun may have been wrong.
func (t *txn) unbegin(id string, counters []Counter) (found bool, err error) {
	for _, c := range counters {
		a, err := t.attemptsAsKept(c)
		if err != nil {
			return false, err
		}
		if a.remove(id) {
			found = true
			if err := t.putAttempts(c, a, time.Time{}); err != nil {
				return false, err
			}
		}
	}
	return found, nil
}

// Ended is what an attempt means for one counter.
type Ended struct {
	Counter
	Outcome Outcome
}

// EndAttempt settles the attempt id. A counter in which it was not begun counts
// its failure all the same: the identity that a typed name turned out to be.
func (s *Store) EndAttempt(ctx context.Context, id string, ended []Ended, now time.Time) error {
	return s.do(ctx, func(t *txn) error { return t.settleAll(id, ended, now) })
}

func (t *txn) settle(id string, e Ended, now time.Time) error {
	a, err := t.attempts(e.Counter, now)
	if err != nil {
		return err
	}
	a.remove(id)
	switch e.Outcome {
	case Void:
	case Cleared:
		a.Failures, a.LockedUntil = nil, time.Time{}
	default:
		a.fail(e.Counter, now)
	}
	return t.putAttempts(e.Counter, a, now)
}

// Locked answers ErrLocked when one of the counters is locked.
func (s *Store) Locked(ctx context.Context, counters []Counter, now time.Time) error {
	nothing := func(*txn) error { return nil } // what it may write brings records up to date
	_, err := lookOrUndo(ctx, s, func(t *txn) (struct{}, error) {
		for _, c := range counters {
			if err := t.checkLock(c, now); err != nil {
				return struct{}{}, err
			}
		}
		return struct{}{}, nil
	}, nothing)
	return err
}

func (t *txn) checkLock(c Counter, now time.Time) error {
	if c.Most == 0 {
		return nil
	}
	a, err := t.attempts(c, now)
	if err == nil && a.locked(now) {
		err = fmt.Errorf("%w: %s %q until %s", ErrLocked, c.Kind, c.Name, a.LockedUntil.UTC().Format(time.DateTime+"Z"))
	}
	return err
}

// count settles an attempt that took no time.
func (t *txn) count(c Counter, outcome Outcome, now time.Time) error {
	if c.Most == 0 {
		return nil
	}
	return t.settle("", Ended{c, outcome}, now)
}

// Unlock forgets failures, lock-outs and attempts under way; ErrNotFound when
// there were none.
func (s *Store) Unlock(ctx context.Context, counters ...Counter) error {
	return s.do(ctx, func(t *txn) error {
		found := false
		for _, c := range counters {
			key := attemptKey(c)
			has, err := t.has(bucketAttempts, key)
			if err == nil && has {
				found = true
				err = t.delete(bucketAttempts, key)
			}
			if err != nil {
				return err
			}
		}
		if !found {
			return ErrNotFound
		}
		return nil
	})
}
