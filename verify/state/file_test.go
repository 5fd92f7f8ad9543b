package state

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestFilesAreMadeForTheirOwnerAlone(t *testing.T) {
	s := newStore(t)
	must(t, s.PutEnrolment(t.Context(), enrolment("ada", "seed")))
	for _, path := range []string{s.path, s.keyFile} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
	if files, err := os.ReadDir(filepath.Dir(s.path)); err != nil || len(files) != 2 {
		t.Errorf("left behind: %v, %v", files, err)
	}
}

// What root makes in the daemon's folder is the daemon's; others make their own.
func TestFilesBelongToTheFoldersOwner(t *testing.T) {
	s := newStore(t)
	want := os.Geteuid()
	if want == 0 {
		want = 65534
		must(t, os.Chown(filepath.Dir(s.path), want, want))
	}
	must(t, s.PutEnrolment(t.Context(), enrolment("ada", "seed")))
	for _, path := range []string{s.path, s.keyFile} {
		info, err := os.Stat(path)
		must(t, err)
		if owner := info.Sys().(*syscall.Stat_t); int(owner.Uid) != want {
			t.Errorf("%s belongs to %d, want %d", path, owner.Uid, want)
		}
	}
}

func TestFilesOpenToOthersAreRefused(t *testing.T) {
	s := newStore(t)
	must(t, s.PutEnrolment(t.Context(), enrolment("ada", "seed")))
	for _, path := range []string{s.path, s.keyFile} {
		for _, mode := range []os.FileMode{0o604, 0o602, 0o620} {
			must(t, os.Chmod(path, mode))
			_, err := s.Enrolment(t.Context(), "ada")
			if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "chmod 0640 "+path) {
				t.Errorf("%s with mode %o: %v", path, mode, err)
			}
		}
		must(t, os.Chmod(path, 0o600))
	}
	if _, err := s.Enrolment(t.Context(), "ada"); err != nil {
		t.Errorf("mended: %v", err)
	}
}

func TestFolderMustExist(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "missing")
	s := Open(filepath.Join(dir, "state.db"), filepath.Join(dir, "state.key"))
	err := s.SpendStep(t.Context(), "ada", 1, Counter{}, now)
	if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "install -d -m 0700") {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("the folder was made")
	}
}

func TestOddPaths(t *testing.T) {
	s := newStore(t)
	must(t, s.SpendStep(t.Context(), "ada", 7, Counter{}, now))
	link := filepath.Join(t.TempDir(), "link.db")
	must(t, os.Symlink(s.path, link))
	if err := Open(link, s.keyFile).SpendStep(t.Context(), "ada", 7, Counter{}, now); !errors.Is(err, ErrSpent) {
		t.Errorf("through a link: %v", err)
	}
	dangling := filepath.Join(t.TempDir(), "dangling.db")
	must(t, os.Symlink("nowhere", dangling))
	fifo := filepath.Join(t.TempDir(), "fifo.db")
	must(t, syscall.Mkfifo(fifo, 0o600))
	for _, path := range []string{dangling, fifo, t.TempDir(), ""} {
		if err := Open(path, s.keyFile).SpendStep(t.Context(), "ada", 7, Counter{}, now); !errors.Is(err, ErrUnavailable) {
			t.Errorf("%q: %v", path, err)
		}
	}
}

func TestClosedAndCancelled(t *testing.T) {
	s := newStore(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.SpendStep(ctx, "ada", 7, Counter{}, now); !errors.Is(err, ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	must(t, s.SpendStep(t.Context(), "ada", 7, Counter{}, now)) // it did not run
	s.Close()
	if err := s.SpendStep(t.Context(), "ada", 8, Counter{}, now); !errors.Is(err, ErrUnavailable) {
		t.Errorf("closed: %v", err)
	}
}
