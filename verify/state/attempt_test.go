package state

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ovpn-verify/verify/secret"
)

var user = Counter{Kind: CountUser, Name: "Ada", Most: 3, Window: 10 * time.Minute, Lockout: 5 * time.Minute}

// attempt begins and ends one at the given time.
func attempt(t *testing.T, s *Store, c Counter, o Outcome, at time.Time) error {
	t.Helper()
	id := fmt.Sprint(at.UnixNano())
	if err := s.BeginAttempt(t.Context(), id, []Counter{c}, at, at.Add(time.Minute)); err != nil {
		return err
	}
	must(t, s.EndAttempt(t.Context(), id, []Ended{{c, o}}, at))
	return nil
}

func TestFailuresWithinTheWindowLock(t *testing.T) {
	s := newStore(t)
	at := now
	step := func(d time.Duration, o Outcome, want error) {
		t.Helper()
		at = at.Add(d)
		if err := attempt(t, s, user, o, at); !errors.Is(err, want) {
			t.Errorf("at %v: %v, want %v", at.Sub(now), err, want)
		}
	}
	step(0, Failed, nil)
	step(time.Minute, Void, nil)
	step(time.Minute, Failed, nil)
	step(9*time.Minute, Failed, nil) // the first has left the window
	step(time.Second, Void, nil)
	step(time.Second, Failed, nil) // the third within it
	step(time.Second, Void, ErrLocked)
	step(5*time.Minute-2*time.Second, Void, ErrLocked)
	step(time.Second, Failed, nil) // over, and counted from none
	step(time.Second, Failed, nil)
	step(time.Second, Cleared, nil)
	step(time.Second, Failed, nil)
	step(time.Second, Failed, nil)
	step(time.Second, Void, nil)
	upper := user
	upper.Name = "ADA"
	must(t, attempt(t, s, upper, Failed, at.Add(time.Second)))
	step(2*time.Second, Void, ErrLocked)
	must(t, s.Unlock(t.Context(), upper))
	step(time.Second, Void, nil)
	if err := s.Unlock(t.Context(), user); !errors.Is(err, ErrNotFound) {
		t.Errorf("unlocked what was not locked: %v", err)
	}
}

func TestAttemptsAtOnceAreNoMoreThanMayFail(t *testing.T) {
	s := newStore(t)
	begin := func(id string, c Counter) error {
		return s.BeginAttempt(t.Context(), id, []Counter{c}, now, now.Add(time.Minute))
	}
	must(t, attempt(t, s, user, Failed, now))
	must(t, begin("1", user))
	must(t, begin("2", user))
	if err := begin("3", user); !errors.Is(err, ErrBusy) {
		t.Errorf("one more than may fail: %v", err)
	}
	must(t, s.EndAttempt(t.Context(), "1", []Ended{{user, Void}}, now))
	must(t, begin("3", user))

	address := Counter{Kind: CountAddress, Name: "192.0.2.1", Most: 2, Window: time.Minute, Lockout: time.Minute, Lenient: true}
	for i := range 10 {
		must(t, begin(fmt.Sprint(i), address))
	}
	must(t, s.EndAttempt(t.Context(), "0", []Ended{{address, Failed}}, now))
	if err := begin("10", address); !errors.Is(err, ErrBusy) {
		t.Errorf("after a failure: %v", err)
	}
	must(t, s.EndAttempt(t.Context(), "1", []Ended{{address, Failed}}, now))
	if err := begin("10", address); !errors.Is(err, ErrLocked) {
		t.Errorf("after the second: %v", err)
	}
}

func TestAttemptThatDoesNotEndIsAFailure(t *testing.T) {
	s := newStore(t)
	for i := range 3 {
		must(t, s.BeginAttempt(t.Context(), fmt.Sprint(i), []Counter{user}, now, now.Add(time.Minute)))
	}
	if err := s.Locked(t.Context(), []Counter{user}, now.Add(59*time.Second)); err != nil {
		t.Errorf("while they may be under way: %v", err)
	}
	for _, after := range []time.Duration{time.Minute, 2 * time.Minute, 6*time.Minute - time.Second} {
		if err := s.Locked(t.Context(), []Counter{user}, now.Add(after)); !errors.Is(err, ErrLocked) {
			t.Errorf("after %v: %v", after, err)
		}
	}
	if err := s.Locked(t.Context(), []Counter{user}, now.Add(6*time.Minute)); err != nil {
		t.Errorf("the lock-out goes on: %v", err)
	}
}

func TestAllCountersOrNone(t *testing.T) {
	s := newStore(t)
	other := Counter{Kind: CountAddress, Name: "192.0.2.1", Most: 1, Window: time.Minute, Lockout: time.Minute}
	must(t, attempt(t, s, other, Failed, now))
	for i := range 5 {
		if err := s.BeginAttempt(t.Context(), fmt.Sprint(i), []Counter{user, other}, now, now.Add(time.Minute)); !errors.Is(err, ErrLocked) {
			t.Fatal(err)
		}
	}
	must(t, s.BeginAttempt(t.Context(), "5", []Counter{user}, now, now.Add(time.Minute)))
}

func TestClockPutBackDoesNotLockForLonger(t *testing.T) {
	s := newStore(t)
	for i := range 3 {
		must(t, attempt(t, s, user, Failed, now.Add(time.Hour+time.Duration(i))))
	}
	if err := s.Locked(t.Context(), []Counter{user}, now); !errors.Is(err, ErrLocked) {
		t.Errorf("locked no more: %v", err)
	}
	if err := s.Locked(t.Context(), []Counter{user}, now.Add(user.Lockout)); err != nil {
		t.Errorf("still locked: %v", err)
	}
	must(t, attempt(t, s, user, Failed, now.Add(2*time.Hour)))
	must(t, attempt(t, s, user, Failed, now.Add(user.Lockout)))
	must(t, attempt(t, s, user, Void, now.Add(user.Lockout+user.Window)))
	must(t, attempt(t, s, user, Failed, now.Add(user.Lockout+user.Window)))
	must(t, attempt(t, s, user, Failed, now.Add(user.Lockout+user.Window)))
}

func TestGuessesAtOnceAreNeverMoreThanTheLimit(t *testing.T) {
	s := newStore(t)
	var asked atomic.Int32
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			id := fmt.Sprint(i)
			for {
				err := s.BeginAttempt(t.Context(), id, []Counter{user}, now, now.Add(time.Minute))
				if errors.Is(err, ErrBusy) {
					continue
				}
				if err == nil {
					asked.Add(1)
					err = s.EndAttempt(t.Context(), id, []Ended{{user, Failed}}, now)
				}
				if err != nil && !errors.Is(err, ErrLocked) {
					t.Error(err)
				}
				return
			}
		})
	}
	wg.Wait()
	if asked.Load() != 3 {
		t.Errorf("%d guesses got through, want 3", asked.Load())
	}
}

func TestCodesHaveACounterOfTheirOwn(t *testing.T) {
	s := newStore(t)
	must(t, s.SpendStep(t.Context(), "ada", 60, factor, now))
	if err := s.SpendStep(t.Context(), "ada", 60, factor, now); !errors.Is(err, ErrSpent) {
		t.Error(err)
	}
	for range 3 {
		if err := s.SpendRecoveryCode(t.Context(), "ada", secret.FromString("wrong"), factor, now); !errors.Is(err, ErrNotFound) {
			t.Error(err)
		}
	}
	if err := s.SpendStep(t.Context(), "ada", 90, factor, now); !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), `factor "Ada"`) {
		t.Errorf("a right code after three wrong ones: %v", err)
	}
	if err := s.SpendRecoveryCode(t.Context(), "ada", secret.FromString("wrong"), factor, now); !errors.Is(err, ErrLocked) {
		t.Error(err)
	}
	must(t, s.Locked(t.Context(), []Counter{user}, now))
	must(t, s.SpendStep(t.Context(), "ada", 90, factor, now.Add(user.Lockout)))
}

func TestExpiredAttemptsAreSweptAway(t *testing.T) {
	s := newStore(t)
	for i := range 80 {
		c := user
		c.Name = fmt.Sprint("stranger ", i)
		at := now.Add(time.Duration(i) * time.Minute)
		must(t, attempt(t, s, c, Failed, at))
	}
	if n := count(t, s, bucketAttempts); n > 40 {
		t.Errorf("%d records, of which 10 count", n)
	}
}
