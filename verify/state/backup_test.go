package state

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

func TestBackupIsAStoreWithTheSameContent(t *testing.T) {
	s := stocked(t)
	path := filepath.Join(t.TempDir(), "copy")
	must(t, s.Backup(t.Context(), path))
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 || int(info.Sys().(*syscall.Stat_t).Uid) != os.Geteuid() {
		t.Errorf("%v, %v", info, err)
	}
	if files, err := os.ReadDir(filepath.Dir(path)); err != nil || len(files) != 1 {
		t.Errorf("left behind: %v, %v", files, err)
	}
	restored := Open(path, s.keyFile)
	if e, err := restored.Enrolment(t.Context(), "ada"); err != nil || e.Seed.Empty() {
		t.Errorf("%v, %v", e, err)
	}
	if err := restored.SpendStep(t.Context(), "ada", 60, Counter{}, now); !errors.Is(err, ErrSpent) {
		t.Errorf("a step spent before the backup: %v", err)
	}
	if _, err := restored.TakeChallenge(t.Context(), "id 1", now); err != nil {
		t.Errorf("a challenge: %v", err)
	}
}

func TestBackupReplacesNothing(t *testing.T) {
	s := stocked(t)
	dir := t.TempDir()
	for _, name := range []string{"file", "link"} {
		path := filepath.Join(dir, name)
		if name == "link" {
			must(t, os.Symlink("nowhere", path))
		} else {
			must(t, os.WriteFile(path, []byte("precious"), 0o600))
		}
		if err := s.Backup(t.Context(), path); !errors.Is(err, fs.ErrExist) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Also what is made while the copy is being written.
	if err := s.keepCopy(t.Context(), filepath.Join(dir, "file"), content(t, s.path)); !errors.Is(err, fs.ErrExist) {
		t.Errorf("at the last moment: %v", err)
	}
	if got := content(t, filepath.Join(dir, "file")); string(got) != "precious" {
		t.Errorf("the file holds %q", got)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 2 {
		t.Errorf("left behind: %v, %v", files, err)
	}
}

func content(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	must(t, err)
	return b
}

func TestBackupOfABrokenOrMissingStoreIsRefused(t *testing.T) {
	missing := newStore(t)
	path := filepath.Join(t.TempDir(), "copy")
	if err := missing.Backup(t.Context(), path); !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "there is no database yet") {
		t.Errorf("missing: %v", err)
	}
	if _, err := os.Stat(missing.path); err == nil {
		t.Error("a database was made")
	}
	s, good := filled(t)
	for name, bad := range map[string][]byte{
		"cut": good[:len(good)/2/pageSize*pageSize], "a page": circular(t, good), "a record": changed(t, good, "user 77"),
	} {
		must(t, os.WriteFile(s.path, bad, 0o600))
		err := s.Backup(t.Context(), path)
		if err == nil || !strings.Contains(err.Error(), "damaged") || !strings.Contains(err.Error(), "state check") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if files, err := os.ReadDir(filepath.Dir(path)); err != nil || len(files) != 0 {
		t.Errorf("left behind: %v, %v", files, err)
	}
}

// changed has another value for a key, in all places where it stands.
func changed(t *testing.T, good []byte, key string) []byte {
	t.Helper()
	b := bytes.ReplaceAll(good, []byte(key), []byte(key[:len(key)-1]+"\x01"))
	if bytes.Equal(b, good) {
		t.Fatalf("%q is not there", key)
	}
	return b
}

func TestBackupWhileOthersWrite(t *testing.T) {
	s := stocked(t)
	const writers = 3
	var spent [writers]atomic.Uint64 // what each was told last
	for i := range writers {
		cmd := process(t, "write", s.path, "100", fmt.Sprint("writer-", i))
		out, err := cmd.StdoutPipe()
		must(t, err)
		must(t, cmd.Start())
		t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
		lines := bufio.NewScanner(out)
		if !lines.Scan() {
			t.Fatal("a writer said nothing")
		}
		go func() {
			for ; ; lines.Scan() {
				step, err := strconv.ParseUint(lines.Text(), 10, 64)
				if err != nil {
					return
				}
				spent[i].Store(step)
			}
		}()
	}
	for round := range 5 {
		path := filepath.Join(t.TempDir(), "copy")
		var before [writers]uint64
		for i := range writers {
			before[i] = spent[i].Load()
		}
		must(t, s.Backup(t.Context(), path))
		restored := Open(path, s.keyFile)
		for i := range writers {
			if err := restored.SpendStep(t.Context(), fmt.Sprint("writer-", i), before[i], Counter{}, now); !errors.Is(err, ErrSpent) {
				t.Errorf("round %d: step %d, spent before the backup: %v", round, before[i], err)
			}
		}
	}
}

func TestBackupWaitsForTheLockAndNoLonger(t *testing.T) {
	s := stocked(t)
	free := hold(t, s.path)
	path := filepath.Join(t.TempDir(), "copy")
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if err := s.Backup(ctx, path); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), s.path) {
		t.Errorf("while it is locked: %v", err)
	}
	if content, err := s.snapshot(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("read %d bytes while it is locked: %v", len(content), err)
	}
	free()
	must(t, s.Backup(t.Context(), path))
}

// A full disk, by the limit of a file's size: no half backup is left.
func TestBackupOnAFullDisk(t *testing.T) {
	s := stocked(t)
	dir := t.TempDir()
	out, err := process(t, "backup-cramped", s.path, filepath.Join(dir, "copy")).Output()
	if err != nil || !strings.Contains(string(out), "file too large") || !strings.Contains(string(out), filepath.Join(dir, "copy")) {
		t.Errorf("%s, %v", out, err)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 0 {
		t.Errorf("left behind: %v, %v", files, err)
	}
}
