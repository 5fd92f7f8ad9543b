package status

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// PathFor is the file that belongs to a state.
func PathFor(statePath string) string { return statePath + ".status" }

const (
	maxFile   = 1 << 20                // bytes, a hundred times what there is to count
	lockWait  = 200 * time.Millisecond // for others who write
	lockRetry = 3 * time.Millisecond
)

// file is written in place, under its lock: whoever may only write to it, and not
// to its folder, could not put another one there. What a crash leaves torn is begun
// anew, as Prometheus expects of counters.
type file struct {
	path  string
	open  *os.File
	holds int64 // offset of the byte that tells others that this process lives
}

// update has change work on what the file holds, and then written see the result.
// counted tells whether it is in the file.
func (f *file) update(change func(*Snapshot), written func(Snapshot) error) (counted bool, err error) {
	if err := f.reopen(); err != nil {
		return false, err
	}
	unlock, err := lock(f.open, syscall.LOCK_EX, lockWait)
	if err != nil {
		return false, err
	}
	defer unlock()
	s, err := read(f.open)
	if err != nil {
		s = Snapshot{Since: time.Now()}
	}
	change(&s)
	if err := write(f.open, s); err != nil {
		return false, fmt.Errorf("%s: %w", f.path, err)
	}
	return true, written(s)
}

// reopen keeps the file open, for the lock that tells that this process lives,
// until another is in its place.
func (f *file) reopen() error {
	if f.open != nil {
		now, err := os.Lstat(f.path)
		before, err2 := f.open.Stat()
		if errors.Join(err, err2) == nil && os.SameFile(now, before) {
			return nil
		}
		f.open.Close()
		f.open = nil
	}
	open, err := openRegular(f.path, os.O_RDWR|os.O_CREATE)
	if err != nil {
		return err
	}
	if err := giveToFoldersOwner(open); err != nil {
		open.Close()
		return err
	}
	f.open, f.holds = open, hold(open)
	return nil
}

// openRegular follows no link: the folder may be another user's than this process's.
func openRegular(path string, flags int) (*os.File, error) {
	f, err := os.OpenFile(path, flags|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0o600)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no regular file", path)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// giveToFoldersOwner lets workers of that user go on with what one of root made.
func giveToFoldersOwner(f *os.File) error {
	if os.Geteuid() != 0 {
		return nil
	}
	folder, err := os.Stat(filepath.Dir(f.Name()))
	if err != nil {
		return err
	}
	owner := folder.Sys().(*syscall.Stat_t)
	if owner.Uid == 0 {
		return nil
	}
	return f.Chown(int(owner.Uid), int(owner.Gid))
}

// lock does not wait for a process that stands still with it.
func lock(f *os.File, how int, wait time.Duration) (unlock func(), err error) {
	for began := time.Now(); ; time.Sleep(lockRetry) {
		err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
		if err == nil {
			return func() { _ = syscall.Flock(int(f.Fd()), syscall.LOCK_UN) }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) || time.Since(began) > wait {
			return nil, fmt.Errorf("%s: lock: %w", f.Name(), err)
		}
	}
}

func read(f *os.File) (s Snapshot, err error) {
	content, err := io.ReadAll(io.NewSectionReader(f, 0, maxFile))
	if err == nil {
		err = json.Unmarshal(content, &s)
	}
	return s, err
}

// write replaces the content in one go, with spaces behind a shorter one.
func write(f *os.File, s Snapshot) error {
	content, err := json.Marshal(s)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	size := max(int(min(info.Size(), maxFile)), len(content)+1)
	padded := make([]byte, size)
	for i := copy(padded, content); i < size; i++ {
		padded[i] = ' '
	}
	padded[size-1] = '\n'
	_, err = f.WriteAt(padded, 0)
	return err
}

// Read is for those who look. Workers that have died are not in it.
func Read(path string) (Snapshot, error) {
	f, err := openRegular(path, os.O_RDONLY)
	if err != nil {
		return Snapshot{}, err
	}
	defer f.Close()
	unlock, err := lock(f, syscall.LOCK_SH, 5*lockWait)
	if err != nil {
		return Snapshot{}, err
	}
	defer unlock()
	s, err := read(f)
	if err != nil {
		return Snapshot{}, fmt.Errorf("%s: %w", path, err)
	}
	var running []Worker
	for _, w := range s.Workers {
		if isHeld(f, w) {
			running = append(running, w)
		}
	}
	s.Workers = running
	return s, nil
}

func (f *file) alive(w Worker) bool { return isHeld(f.open, w) }
