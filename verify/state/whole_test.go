package state

import (
	"errors"
	"os"
	"testing"
	"time"
)

// All of the file is read once, and again only after a change that is no writer's.
func TestWhatWasWholeIsNotReadAgain(t *testing.T) {
	s := newStore(t)
	other := Open(s.path, s.keyFile)
	must(t, s.SpendStep(t.Context(), "ada", 60, Counter{}, now))
	must(t, s.SpendStep(t.Context(), "bob", 60, Counter{}, now))
	seen := s.whole.proven
	if !seen[bucketSteps] {
		t.Fatal("the steps were not read")
	}
	seen["mark"] = true // goes with a new look
	must(t, other.SpendStep(t.Context(), "cem", 60, Counter{}, now))
	must(t, s.SpendStep(t.Context(), "dan", 60, Counter{}, now))
	if err := s.SpendStep(t.Context(), "cem", 60, Counter{}, now); !errors.Is(err, ErrSpent) {
		t.Errorf("another's step: %v", err)
	}
	if !s.whole.proven["mark"] {
		t.Error("all was read again after another's transaction")
	}
	later := time.Now().Add(time.Second)
	must(t, os.Chtimes(s.path, later, later))
	must(t, s.SpendStep(t.Context(), "eve", 60, Counter{}, now))
	if s.whole.proven["mark"] {
		t.Error("a change that is no transaction was not looked at")
	}
}
