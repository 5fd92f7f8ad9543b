package state

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// keptStore has just written, and has the file still open.
func keptStore(t *testing.T) *Store {
	t.Helper()
	s := newStore(t)
	must(t, s.SpendStep(t.Context(), "ada", 1, Counter{}, now))
	if !s.isOpen() {
		t.Fatal("the file was closed")
	}
	return s
}

func (s *Store) isOpen() bool {
	for {
		s.mu.Lock()
		leading, open := s.leading, !s.leading && s.kept.file != nil // it is the leader's
		s.mu.Unlock()
		if !leading {
			return open
		}
		time.Sleep(time.Millisecond)
	}
}

func TestOpenFileIsUsedAgain(t *testing.T) {
	s := keptStore(t)
	bolt := s.kept.bolt
	must(t, s.SpendStep(t.Context(), "ada", 2, Counter{}, now))
	if !s.isOpen() || s.kept.bolt != bolt {
		t.Error("it was opened anew")
	}
}

// Two who write in turn have the file open both; neither may take what it remembers
// of free pages for what is free.
func TestOpenFileIsGivenUpWhenOthersWrote(t *testing.T) {
	s := keptStore(t)
	other := Open(s.path, s.keyFile)
	defer other.Close()
	writers := []*Store{s, other}
	for step := uint64(2); step < 40; step++ {
		w := writers[step%2]
		must(t, w.SpendStep(t.Context(), "ada", step, Counter{}, now))
		must(t, w.SpendStep(t.Context(), string(stepOf(int(step))), step, Counter{}, now))
		if err := writers[1-step%2].SpendStep(t.Context(), "ada", step, Counter{}, now); !errors.Is(err, ErrSpent) {
			t.Fatalf("step %d, the other: %v", step, err)
		}
	}
	must(t, s.fine(t.Context()))
}

// A backup that is copied over the file is another content in the same file.
func TestOpenFileIsGivenUpWhenItsContentIsReplaced(t *testing.T) {
	s := keptStore(t)
	before := content(t, s.path)
	must(t, s.SpendStep(t.Context(), "ada", 2, Counter{}, now))
	for i := range 50 {
		must(t, s.SpendStep(t.Context(), string(stepOf(i)), 1, Counter{}, now))
	}
	s.isOpen()
	must(t, os.WriteFile(s.path, before, 0o600))
	must(t, s.SpendStep(t.Context(), "ada", 2, Counter{}, now))
	if err := s.SpendStep(t.Context(), "ada", 2, Counter{}, now); !errors.Is(err, ErrSpent) {
		t.Error(err)
	}
	must(t, s.fine(t.Context()))
}

func TestOpenFileIsGivenUpWhenAnotherIsInItsPlace(t *testing.T) {
	s := keptStore(t)
	restored := filepath.Join(t.TempDir(), "restored")
	must(t, os.WriteFile(restored, content(t, s.path), 0o600))
	must(t, s.SpendStep(t.Context(), "ada", 2, Counter{}, now))
	s.isOpen()
	must(t, os.Rename(restored, s.path))
	must(t, s.SpendStep(t.Context(), "ada", 2, Counter{}, now)) // it is not in the backup
	other := Open(s.path, s.keyFile)
	if err := other.SpendStep(t.Context(), "ada", 2, Counter{}, now); !errors.Is(err, ErrSpent) {
		t.Error(err)
	}
}

func TestOpenFileIsLookedAtAsAnyOther(t *testing.T) {
	s := keptStore(t)
	must(t, os.Chmod(s.path, 0o644))
	if err := s.SpendStep(t.Context(), "ada", 2, Counter{}, now); !errors.Is(err, ErrUnavailable) {
		t.Error(err)
	}
	must(t, os.Chmod(s.path, 0o600))
	must(t, s.SpendStep(t.Context(), "ada", 2, Counter{}, now))
}

func TestOpenFileIsClosedAfterAWhile(t *testing.T) {
	s := keptStore(t)
	deadline := time.Now().Add(20 * restAfter)
	for s.isOpen() {
		if time.Now().After(deadline) {
			t.Fatal("it is still open")
		}
		time.Sleep(restAfter / 20)
	}
	must(t, s.SpendStep(t.Context(), "ada", 2, Counter{}, now))
}

// Whoever takes the right to write away wants nothing to be written.
func TestOpenFileIsNotWrittenWhenItsModeHasChanged(t *testing.T) {
	s := keptStore(t)
	must(t, os.Chmod(s.path, 0o400))
	file := s.kept.file
	_ = s.SpendStep(t.Context(), "ada", 2, Counter{}, now) // root may
	if s.isOpen() && s.kept.file == file {
		t.Error("it was used without being opened anew")
	}
}
