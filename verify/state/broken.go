package state

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"
)

// broken is what made the last batch panic. It is remembered because each panic of
// bbolt leaves a mapping of the file behind, and forgotten after a while because a
// disk may answer again.
type broken struct {
	err   error // nil: nothing is remembered
	file  os.FileInfo
	found time.Time
	wait  time.Duration // until the file is looked at once more
}

// The waits double from the first to the last.
const (
	firstLookAgain   = 5 * time.Second
	lastLookAgain    = 5 * time.Minute
	lookAgainWritten = time.Second // when somebody has written it since
)

func (s *Store) remember(f *os.File, err error) error {
	info, statErr := f.Stat()
	if statErr != nil {
		return err
	}
	wait := min(max(2*s.broken.wait, firstLookAgain), lastLookAgain)
	s.broken = broken{err, info, time.Now(), wait}
	return err
}

// recall returns what is remembered of the file, unless it is time to look again.
func (s *Store) recall(f *os.File) error {
	if s.broken.err == nil {
		return nil
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !os.SameFile(info, s.broken.file) {
		s.broken = broken{}
		return nil
	}
	wait := s.broken.wait
	if info.Size() != s.broken.file.Size() || !info.ModTime().Equal(s.broken.file.ModTime()) {
		wait = lookAgainWritten
	}
	if time.Since(s.broken.found) < wait {
		return s.broken.err
	}
	return nil
}

// lookAgain reads everything before a file is used that made a batch panic.
func (s *Store) lookAgain(d *database) error {
	if s.broken.err == nil {
		return nil
	}
	if err := d.checkWhole(); err != nil {
		return s.remember(d.f, err)
	}
	return nil
}

// panicked is the error of a batch that panicked: bbolt does on some damage, and
// what is read of the mapping may not be there.
func (s *Store) panicked(f *os.File, reason any) error {
	fault, ok := reason.(interface {
		runtime.Error
		Addr() uintptr
	})
	const lowest = 1 << 16 // of an address; below it is a nil pointer
	if !ok || fault.Addr() < lowest {
		return damage(s.path, fmt.Errorf("%v", reason))
	}
	defer s.kept.pages.close()
	if info, err := f.Stat(); err == nil && info.Size() < int64(len(s.kept.pages.b)) {
		return damage(s.path, fmt.Errorf("it was cut short to %d bytes while it was read", info.Size()))
	}
	return damage(s.path, fmt.Errorf("a page of it: %w", syscall.EIO))
}

// damage tells to give the enrolments up only where the file itself is at fault, and
// not the disk that it is on.
func damage(path string, reason error) error {
	if _, ok := errors.AsType[syscall.Errno](reason); ok {
		return fmt.Errorf("the file cannot be read or written: %w; look at the disk, the file itself may be whole", reason)
	}
	return fmt.Errorf("the file is damaged: %w; restore it, or move %s and its key file away to begin with no enrolments", reason, path)
}
