package state

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func panics(t *testing.T, s *Store) error {
	t.Helper()
	err := s.do(t.Context(), func(*txn) error { panic("page 7 already freed") })
	if !errors.Is(err, ErrUnavailable) {
		t.Errorf("the panic: %v", err)
	}
	return err
}

// elapse makes so much time pass since the store was found broken.
func elapse(s *Store, d time.Duration) { s.broken.found = s.broken.found.Add(-d) }

// Each panic of bbolt leaves a mapping of the file behind: there are few of them,
// but a worker does not turn everybody away for the rest of its life.
func TestPanicIsAnErrorAndIsRememberedForAWhile(t *testing.T) {
	s, _ := filled(t)
	refused := func(what string) {
		t.Helper()
		if err := s.SpendStep(t.Context(), "ada", 61, Counter{}, now); !errors.Is(err, s.broken.err) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := panics(t, s); !strings.Contains(err.Error(), "page 7 already freed") || !strings.Contains(err.Error(), "move ") {
		t.Errorf("%v", err)
	}
	refused("at once")
	elapse(s, firstLookAgain)
	panics(t, s)
	elapse(s, firstLookAgain)
	refused("after the second time")
	must(t, Open(s.path, s.keyFile).SpendStep(t.Context(), "ada", 61, Counter{}, now))
	must(t, s.SpendStep(t.Context(), "ada", 62, Counter{}, now)) // somebody has written it
	panics(t, s)
	elapse(s, firstLookAgain)
	must(t, s.SpendStep(t.Context(), "ada", 63, Counter{}, now))
	must(t, s.SpendStep(t.Context(), "ada", 64, Counter{}, now))
}

// A file that made a batch panic is read as a whole before it is used again.
func TestDamageIsLookedForAfterAPanic(t *testing.T) {
	s, good := filled(t)
	bad := append([]byte{}, good...)
	for at := len(bad) - pageSize; at > 0; at -= pageSize { // a leaf that ada's login does not need
		if page := bad[at:]; native.Uint16(page[8:]) == flagLeaf && strings.Contains(string(page[:pageSize]), "user 299") {
			native.PutUint16(page[10:], 0xFFF)
		}
	}
	must(t, os.WriteFile(s.path, bad, 0o600))
	must(t, s.SpendStep(t.Context(), "ada", 61, Counter{}, now))
	panics(t, s)
	for range 2 {
		elapse(s, lastLookAgain)
		if err := s.SpendStep(t.Context(), "ada", 62, Counter{}, now); !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "elements") {
			t.Errorf("%v", err)
		}
	}
}

func TestFileThatIsCutShortWhileItIsRead(t *testing.T) {
	s, good := filled(t)
	err := s.do(t.Context(), func(tx *txn) error {
		must(t, os.Truncate(s.path, 2*pageSize))
		_, err := tx.get(bucketSteps, []byte("ada"))
		return err
	})
	if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "cut short") {
		t.Errorf("%v", err)
	}
	restored := filepath.Join(t.TempDir(), "restored")
	must(t, os.WriteFile(restored, good, 0o600))
	must(t, os.Rename(restored, s.path))
	if err := s.SpendStep(t.Context(), "ada", 60, Counter{}, now); !errors.Is(err, ErrSpent) {
		t.Errorf("restored: %v", err)
	}
}

// pageFault is what Go panics with where a disk does not give a page of a mapping.
type pageFault struct{ error }

func (pageFault) RuntimeError() {}
func (pageFault) Addr() uintptr { return 0x7f0012345000 }

// Who has a disk that fails shall not be told to give the enrolments up.
func TestNobodyIsToldToBeginAnewBecauseOfTheDisk(t *testing.T) {
	s, _ := filled(t)
	err := s.do(t.Context(), func(*txn) error { panic(pageFault{errors.New("invalid memory address")}) })
	reading := &os.PathError{Op: "read", Path: s.path, Err: syscall.EIO}
	for _, err := range []error{err, damage(s.path, reading), damage(s.path, syscall.ENOSPC)} {
		if strings.Contains(err.Error(), "move ") || !strings.Contains(err.Error(), "disk") {
			t.Errorf("%v", err)
		}
	}
}
