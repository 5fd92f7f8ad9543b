package state

import (
	"context"
	"errors"
	"os"
	"syscall"
	"testing"
	"time"
)

// What a login leaves behind that nobody waits for is memory, until another process
// gives the lock up.
func TestCallThatGaveUpIsNotQueued(t *testing.T) {
	s := newStore(t)
	must(t, s.SpendStep(t.Context(), "ada", 1, Counter{}, now))
	locked, err := os.Open(s.path)
	must(t, err)
	defer locked.Close()
	must(t, syscall.Flock(int(locked.Fd()), syscall.LOCK_EX))
	stays, leave := context.WithCancel(t.Context())
	left := make(chan error)
	go func() { left <- s.SpendStep(stays, "ada", 2, Counter{}, now) }()
	for range 10 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		if err := s.SpendStep(ctx, "ada", 3, Counter{}, now); !errors.Is(err, ErrUnavailable) {
			t.Errorf("while it is locked: %v", err)
		}
		cancel()
	}
	s.mu.Lock()
	queued := len(s.queue)
	s.mu.Unlock()
	if queued > 1 {
		t.Errorf("%d calls are queued", queued)
	}
	leave()
	<-left
}

// giveUp runs an op whose caller gives up before the op has ended.
func giveUp(t *testing.T, s *Store, op func(*txn) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	begun, told := make(chan struct{}), make(chan struct{})
	first := true
	go func() {
		<-begun
		cancel()
	}()
	err := s.do(ctx, func(tx *txn) error {
		err := op(tx)
		if first {
			first = false
			close(begun)
			<-told
		}
		return err
	})
	close(told)
	if !errors.Is(err, ErrUnavailable) {
		t.Fatalf("who gave up: %v", err)
	}
}

// A client that was told TEMP sends the same code again.
func TestCodeOfALoginThatGaveUpIsNotSpent(t *testing.T) {
	s := newStore(t)
	giveUp(t, s, func(tx *txn) error { return tx.spend(Spend{Identity: "ada", Step: 7}, now) })
	must(t, s.SpendStep(t.Context(), "ada", 7, Counter{}, now))
}

func TestWhoGivesUpTakesNobodyAlong(t *testing.T) {
	s := newStore(t)
	must(t, s.SpendStep(t.Context(), "ada", 1, Counter{}, now))
	locked, err := os.Open(s.path)
	must(t, err)
	must(t, syscall.Flock(int(locked.Fd()), syscall.LOCK_EX)) // both are one batch
	spent := make(chan error)
	go func() { spent <- s.SpendStep(t.Context(), "bob", 7, Counter{}, now) }()
	time.AfterFunc(20*time.Millisecond, func() { _ = locked.Close() })
	giveUp(t, s, func(tx *txn) error { return tx.spend(Spend{Identity: "ada", Step: 7}, now) })
	must(t, <-spent)
	if err := s.SpendStep(t.Context(), "bob", 7, Counter{}, now); !errors.Is(err, ErrSpent) {
		t.Errorf("who stayed: %v", err)
	}
	must(t, s.SpendStep(t.Context(), "ada", 7, Counter{}, now))
}

// Once a transaction is being written it cannot be taken back: whoever gives up
// then waits a little longer, to be told the truth.
func TestWhoGivesUpDuringTheCommitHearsWhatBecameOfIt(t *testing.T) {
	s := newStore(t)
	for name, ends := range map[string]bool{"in time": true, "too late": false} {
		over, cancel := context.WithCancel(t.Context())
		defer cancel()
		c := newCall(over, soon(), nil, nil)
		if !s.commits([]*call{c}) {
			t.Errorf("%s: its caller has not given up", name)
		}
		cancel()
		if ends {
			time.AfterFunc(10*time.Millisecond, func() { close(c.done) })
		}
		if err := s.outcome(c); (err == nil) != ends {
			t.Errorf("%s: %v", name, err)
		}
		if s.commits([]*call{{ctx: over}}) {
			t.Errorf("%s: what nobody waits for is written", name)
		}
	}
}

// In a storm callers give up one after the other: the others' transaction is not
// begun anew for each of them.
func TestABatchIsRepeatedOnceForThoseWhoGiveUp(t *testing.T) {
	s := newStore(t)
	must(t, s.SpendStep(t.Context(), "ada", 1, Counter{}, now))
	f, err := s.openLockedForTest()
	must(t, err)
	defer release(f)
	s.queue = nil
	d, err := openDatabase(f, &s.kept)
	must(t, err)
	defer d.close()
	var batch []*call
	runs := 0
	for i := range uint64(10) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		batch = append(batch, newCall(ctx, soon(), nil, func(tx *txn) error {
			runs++
			cancel()
			return tx.spend(Spend{Identity: "ada", Step: 2 + i}, now)
		}))
	}
	kept := newCall(t.Context(), soon(), nil, func(tx *txn) error { return tx.spend(Spend{Identity: "bob", Step: 1}, now) })
	must(t, s.run(d, append(batch, kept)))
	if runs != len(batch) || kept.err != nil {
		t.Errorf("%d ran, who stayed has %v", runs, kept.err)
	}
	for i, c := range batch {
		if !errors.Is(c.err, context.Canceled) {
			t.Errorf("call %d: %v", i, c.err)
		}
	}
}

// soon is when nobody waits for a call any more.
func soon() time.Time { return time.Now().Add(maxWait) }
