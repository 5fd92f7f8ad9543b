package state

import (
	"context"
	"errors"
	"os"
	"syscall"
	"testing"
	"time"
)

// replace puts a copy of the file in its place, as restoring a backup does.
func replace(t *testing.T, s *Store, content []byte) {
	t.Helper()
	must(t, os.WriteFile(s.path+".restored", content, 0o600))
	must(t, os.Rename(s.path+".restored", s.path))
}

func wantSpent(t *testing.T, s *Store, step uint64) {
	t.Helper()
	if err := s.SpendStep(t.Context(), "ada", step, Counter{}, now); !errors.Is(err, ErrSpent) {
		t.Errorf("step %d is good twice: %v", step, err)
	}
}

func TestFileThatIsReplacedWhileOneWaitsForItsLock(t *testing.T) {
	s := newStore(t)
	must(t, s.SpendStep(t.Context(), "ada", 1, Counter{}, now))
	content, err := os.ReadFile(s.path)
	must(t, err)
	locked, err := os.Open(s.path)
	must(t, err)
	must(t, syscall.Flock(int(locked.Fd()), syscall.LOCK_EX))
	spent := make(chan error)
	go func() { spent <- s.SpendStep(context.Background(), "ada", 2, Counter{}, now) }()
	time.Sleep(50 * time.Millisecond) // it has opened the file by now
	replace(t, s, content)
	must(t, locked.Close())
	must(t, <-spent)
	wantSpent(t, s, 2)
}

// What was written went to a file that is nobody's by now.
func TestFileThatIsReplacedWhileItIsWritten(t *testing.T) {
	s := newStore(t)
	must(t, s.SpendStep(t.Context(), "ada", 1, Counter{}, now))
	content, err := os.ReadFile(s.path)
	must(t, err)
	err = s.do(t.Context(), func(tx *txn) error {
		replace(t, s, content)
		return tx.spend(Spend{Identity: "ada", Step: 2}, now)
	})
	if !errors.Is(err, ErrUnavailable) {
		t.Errorf("%v", err)
	}
	must(t, s.SpendStep(t.Context(), "ada", 2, Counter{}, now))
	wantSpent(t, s, 2)
}
