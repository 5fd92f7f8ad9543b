package state

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"ovpn-verify/verify/secret"
)

// tooSlow runs do on a disk that takes longer to write than do waits, and returns what
// it says. meanwhile is called while the disk writes; nil: there is nothing to do.
func tooSlow(t *testing.T, s *Store, do func(context.Context) error, meanwhile func()) error {
	t.Helper()
	free := lockForTest(t, s)
	waits, giveUp := context.WithCancel(t.Context())
	said := make(chan error, 1)
	go func() { said <- do(waits) }()
	queued(t, s, 1)

	// The batch is begun anew for a caller who leaves, and can then give up no more:
	// its last call is what takes so long.
	stays, leave := context.WithCancel(t.Context())
	go func() { _ = s.do(stays, func(*txn) error { return nil }) }()
	queued(t, s, 2)
	writing, goOn, written := make(chan struct{}), make(chan struct{}), make(chan struct{})
	runs := 0
	go func() {
		defer close(written)
		_ = s.do(context.WithoutCancel(t.Context()), func(tx *txn) error {
			leave()
			if runs++; runs > 1 {
				close(writing)
				<-goOn
			}
			return tx.put(bucketSteps, []byte("slow"), make([]byte, 8)) // else nothing may be to write
		})
	}()
	queued(t, s, 3)
	free()
	<-writing
	giveUp()
	err := <-said
	if meanwhile != nil {
		meanwhile()
	}
	close(goOn)
	<-written
	if !errors.Is(err, ErrUnavailable) {
		t.Errorf("who gave up: %v", err)
	}
	return err
}

// lockForTest locks the file, so that calls gather to one batch.
func lockForTest(t *testing.T, s *Store) (free func()) {
	t.Helper()
	must(t, s.do(t.Context(), func(*txn) error { return nil })) // makes it
	f, err := os.Open(s.path)
	must(t, err)
	must(t, syscall.Flock(int(f.Fd()), syscall.LOCK_EX))
	return func() { f.Close() }
}

func queued(t *testing.T, s *Store, n int) {
	t.Helper()
	has := func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.queue) >= n
	}
	for deadline := time.Now().Add(5 * time.Second); !has(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("fewer than %d calls wait", n)
		}
	}
}

// underWay are the attempts that a counter's record has; nothing is brought up to date.
func underWay(t *testing.T, s *Store, c Counter) (ids []string) {
	t.Helper()
	ids, err := ask(t.Context(), s, func(tx *txn) (ids []string, err error) {
		a, err := tx.attemptsAsKept(c)
		for _, p := range a.Pending {
			ids = append(ids, p.ID)
		}
		return ids, err
	})
	must(t, err)
	return ids
}

// Clients try again by themselves after an outage: a disk that is slow for some
// moments locks nobody out.
func TestAttemptThatBeganTooLateIsNone(t *testing.T) {
	s := newStore(t)
	for i := range user.Most {
		err := tooSlow(t, s, func(ctx context.Context) error {
			return s.BeginAttempt(ctx, fmt.Sprint("late ", i), []Counter{user}, now, now.Add(time.Minute))
		}, nil)
		if errors.Is(err, ErrUnknown) {
			t.Errorf("it is as if it had not been: %v", err)
		}
	}
	must(t, s.Locked(t.Context(), []Counter{user}, now.Add(time.Minute)))
	if n := count(t, s, bucketAttempts); n != 0 {
		t.Errorf("%d records are left", n)
	}
}

func TestUndoneAttemptGivesOnlyItsOwnPlaceBack(t *testing.T) {
	s := newStore(t)
	begin := func(ctx context.Context, id string) error {
		return s.BeginAttempt(ctx, id, []Counter{user}, now, now.Add(time.Minute))
	}
	must(t, attempt(t, s, user, Failed, now))
	must(t, begin(t.Context(), "other"))
	_ = tooSlow(t, s, func(ctx context.Context) error { return begin(ctx, "late") }, nil)
	if ids := underWay(t, s, user); !slices.Equal(ids, []string{"other"}) {
		t.Errorf("under way are %q", ids)
	}
	must(t, begin(t.Context(), "next"))
	if err := begin(t.Context(), "one too many"); !errors.Is(err, ErrBusy) {
		t.Errorf("a failure and two attempts of three: %v", err)
	}
}

func TestChallengeOfAnAnswerThatBeganTooLateCanBeAnswered(t *testing.T) {
	s := newStore(t)
	must(t, s.PutChallenge(t.Context(), "id", question, now))
	answer := func(ctx context.Context, id string) (Taken, error) {
		return s.BeginAnswer(ctx, id, []Counter{user}, "id", now, now.Add(time.Minute))
	}
	_ = tooSlow(t, s, func(ctx context.Context) error { _, err := answer(ctx, "late"); return err }, nil)
	if taken, err := answer(t.Context(), "again"); err != nil || taken.Err != nil || taken.Username != question.Username {
		t.Errorf("the repeated answer: %v, %v", taken.Err, err)
	}
	if taken, err := answer(t.Context(), "third"); err != nil || !errors.Is(taken.Err, ErrNotFound) {
		t.Errorf("one more: %v, %v", taken.Err, err)
	}
}

// What is reported as not written may be, and the undo itself may fail.
func TestUndoIsTriedAgain(t *testing.T) {
	s := newStore(t)
	must(t, s.PutChallenge(t.Context(), "id", question, now))
	away := s.path + ".away"
	_ = tooSlow(t, s, func(ctx context.Context) error {
		_, err := s.BeginAnswer(ctx, "late", []Counter{user}, "id", now, now.Add(time.Minute))
		return err
	}, func() { must(t, os.Rename(s.path, away)) })
	must(t, os.Chmod(away, 0o666)) // such a file is refused
	must(t, os.Rename(away, s.path))
	time.Sleep(undoAgain + undoAgain/4)
	must(t, os.Chmod(s.path, 0o600))
	if ids := underWay(t, s, user); len(ids) != 1 {
		t.Fatalf("under way are %q", ids)
	}
	for deadline := time.Now().Add(5 * time.Second); len(underWay(t, s, user)) > 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it is still under way")
		}
	}
	_, err := s.TakeChallenge(t.Context(), "id", now)
	must(t, err)
}

// A challenge that somebody else has answered meanwhile is not put back.
func TestNothingIsUndoneOfWhatWasNotWritten(t *testing.T) {
	s := newStore(t)
	must(t, s.PutChallenge(t.Context(), "id", question, now))
	before, err := os.ReadFile(s.path)
	must(t, err)
	answer := func(ctx context.Context, id string) (Taken, error) {
		return s.BeginAnswer(ctx, id, []Counter{user}, "id", now, now.Add(time.Minute))
	}
	_ = tooSlow(t, s, func(ctx context.Context) error { _, err := answer(ctx, "late"); return err }, func() {
		must(t, os.WriteFile(s.path+".new", before, 0o600))
		must(t, os.Rename(s.path+".new", s.path))
	})
	taken, err := answer(t.Context(), "again")
	must(t, errors.Join(err, taken.Err))
	time.Sleep(undoAgain + undoAgain/4)
	if ids := underWay(t, s, user); !slices.Equal(ids, []string{"again"}) {
		t.Errorf("under way are %q", ids)
	}
	if _, err := s.TakeChallenge(t.Context(), "id", now); !errors.Is(err, ErrNotFound) {
		t.Errorf("the challenge can be answered once more: %v", err)
	}
}

// Only of what would be there for good is it said that it may be.
func TestWhatMayHaveBeenWrittenIsUnknown(t *testing.T) {
	s := newStore(t)
	must(t, s.PutChallenge(t.Context(), "id", question, now))
	for name, c := range map[string]struct {
		do      func(context.Context) error
		unknown bool
	}{
		"a code":     {func(ctx context.Context) error { return s.SpendStep(ctx, "ada", 7, Counter{}, now) }, true},
		"an answer":  {func(ctx context.Context) error { _, err := s.TakeChallenge(ctx, "id", now); return err }, true},
		"only looks": {func(ctx context.Context) error { return s.Locked(ctx, []Counter{user}, now) }, false},
	} {
		if err := tooSlow(t, s, c.do, nil); errors.Is(err, ErrUnknown) != c.unknown {
			t.Errorf("%s: %v", name, err)
		}
	}
	locked := lockForTest(t, s)
	defer locked()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := s.SpendStep(ctx, "ada", 8, Counter{}, now); !errors.Is(err, ErrUnavailable) || errors.Is(err, ErrUnknown) {
		t.Errorf("what was not begun to be written: %v", err)
	}
}

// A batch whose first call failed is run anew: who gives up then before his turn comes
// is written nevertheless.
func TestWhoGivesUpBeforeHisTurnMayHaveSpentACode(t *testing.T) {
	s := newStore(t)
	free := lockForTest(t, s)
	go func() {
		_ = s.do(context.WithoutCancel(t.Context()), func(*txn) error { return errors.New("damaged") })
	}()
	queued(t, s, 1)
	writing, goOn, written := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(written)
		_ = s.do(context.WithoutCancel(t.Context()), func(tx *txn) error {
			close(writing) // runs in pass two only
			<-goOn
			return nil
		})
	}()
	queued(t, s, 2)
	waits, giveUp := context.WithCancel(t.Context())
	said := make(chan error, 1)
	go func() { said <- s.SpendStep(waits, "ada", 7, Counter{}, now) }()
	queued(t, s, 3)
	free()
	<-writing
	giveUp()
	err := <-said
	close(goOn)
	<-written
	again := s.SpendStep(t.Context(), "ada", 7, Counter{}, now)
	if errors.Is(again, ErrSpent) && !errors.Is(err, ErrUnknown) {
		t.Errorf("told %v (TEMP: repeat it), and the repetition: %v", err, again)
	}
}

func TestACommitThatFailsAtItsEndMayHaveSpentACode(t *testing.T) {
	s := newStore(t)
	must(t, s.SpendStep(t.Context(), "bob", 7, Counter{}, now))
	err := s.do(t.Context(), func(tx *txn) error {
		must(t, os.Rename(s.path, s.path+".away"))
		return tx.spend(Spend{Identity: "ada", Step: 7}, now)
	})
	must(t, os.Rename(s.path+".away", s.path))
	again := s.SpendStep(t.Context(), "ada", 7, Counter{}, now)
	if errors.Is(again, ErrSpent) && !errors.Is(err, ErrUnknown) {
		t.Errorf("told %v (TEMP: repeat it), and the repetition: %v", err, again)
	}
}

func TestALookThatBringsUpToDateIsNotUnknown(t *testing.T) {
	s := newStore(t)
	must(t, s.BeginAttempt(t.Context(), "x", []Counter{user}, now, now.Add(time.Minute)))
	err := tooSlow(t, s, func(ctx context.Context) error { return s.Locked(ctx, []Counter{user}, now.Add(2*time.Minute)) }, nil)
	if errors.Is(err, ErrUnknown) {
		t.Errorf("who only looked: %v", err)
	}
}

func TestAnUndoLeavesTheLockOutWhateverTheClockWas(t *testing.T) {
	s := newStore(t)
	codes := user
	codes.Kind = CountFactor
	must(t, s.SpendStep(t.Context(), "bob", 7, Counter{}, now))
	ahead := now.Add(8 * time.Minute)
	away := s.path + ".away"
	_ = tooSlow(t, s, func(ctx context.Context) error {
		return s.BeginAttempt(ctx, "late", []Counter{codes}, ahead, ahead.Add(time.Minute))
	}, func() { must(t, os.Rename(s.path, away)) })
	must(t, os.Rename(away, s.path))
	for range 3 {
		if err := s.SpendRecoveryCode(t.Context(), "ada", secret.FromString("wrong-wrong-wrong"), codes, now); !errors.Is(err, ErrNotFound) {
			t.Fatal(err)
		}
	}
	if err := s.Locked(t.Context(), []Counter{codes}, now); !errors.Is(err, ErrLocked) {
		t.Fatalf("before: %v", err)
	}
	time.Sleep(undoAgain + undoAgain/2) // the undo has no other sign
	if err := s.Locked(t.Context(), []Counter{codes}, now); !errors.Is(err, ErrLocked) {
		t.Errorf("the lock-out is lost: %v", err)
	}
}
