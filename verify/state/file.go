package state

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"ovpn-verify/verify/secret"
)

// lockRetry is short against the some milliseconds that a batch takes.
const lockRetry = 3 * time.Millisecond

var errNobodyWaits = errors.New("nobody waits for the lock any more")

// openLocked opens the database file, made when it is missing, and waits for the
// lock as long as anybody waits for the result.
func (s *Store) openLocked() (*os.File, error) {
	f, err := s.lockFile()
	if s.kept.file != nil && !errors.Is(err, errNobodyWaits) && (err != nil || !s.kept.isCurrent()) {
		s.kept.closeFile()
		f, err = s.lockFile()
	}
	if err != nil {
		s.kept.closeFile() // lockInPlace has closed it
		return nil, err
	}
	if err := s.recall(f); err != nil {
		s.kept.letGo(f)
		return nil, err
	}
	return f, nil
}

func (s *Store) lockFile() (*os.File, error) {
	return lockInPlace(s.path, s.openOrMake, s.anybodyWaits)
}

// openOrMake returns the file that was left open, or opens it anew.
func (s *Store) openOrMake() (*os.File, error) {
	if f := s.kept.at(s.path); f != nil {
		return f, nil
	}
	f, err := openChecked(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		if s.mustExist {
			return nil, fmt.Errorf("no database, which the first `totp enroll` makes: %w", err)
		}
		if err = s.create(); err == nil {
			f, err = openChecked(s.path)
		}
	}
	return f, err
}

// lockInPlace opens the file anew when another has its path by the time the lock
// is had: what was written to the one before would be lost.
func lockInPlace(path string, open func() (*os.File, error), wanted func() bool) (*os.File, error) {
	for {
		f, err := open()
		if err != nil {
			return nil, err
		}
		if err := lock(f, wanted); err != nil {
			f.Close()
			return nil, err
		}
		info, err := f.Stat()
		if err == nil && inPlace(path, info) {
			return f, nil
		}
		release(f)
		if err != nil {
			return nil, err
		}
		if !wanted() {
			return nil, errNobodyWaits
		}
	}
}

func inPlace(path string, f os.FileInfo) bool {
	info, err := os.Stat(path)
	return err == nil && os.SameFile(info, f)
}

// lock waits for the file's lock as long as it is wanted.
func lock(f *os.File, wanted func() bool) error {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return fmt.Errorf("lock: %w", err)
		}
		if !wanted() {
			return errNobodyWaits
		}
		time.Sleep(lockRetry)
	}
}

func (s *Store) anybodyWaits() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.queue {
		if c.over() == nil {
			return true
		}
	}
	return false
}

// openChecked opens path to read and write, after secret.Open has had its look
// at owner and mode of the same file. It makes no file: one that is empty, as
// open would leave it, has lost its content.
func openChecked(path string) (*os.File, error) {
	checked, err := secret.Open(path)
	if err != nil {
		return nil, err
	}
	defer checked.Close()
	f, err := os.OpenFile(path, os.O_RDWR|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	before, err := checked.Stat()
	after, err2 := f.Stat()
	if err = errors.Join(err, err2); err == nil && !os.SameFile(before, after) {
		err = errors.New("the file was replaced while it was opened")
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// release unlocks before it closes: bbolt's mapping, left behind by a panic,
// would keep the lock.
func release(f *os.File) {
	_ = syscall.Flock(int(f.Fd()), syscall.LOCK_UN)
	_ = f.Close() // the database has closed it already when all went well
}

// newFile makes path with what fill writes, all of it or nothing, mode 0600. It
// leaves a file that is there already, made by somebody faster, as it is. Made by
// root in a folder of another user it is that user's, so that the daemon which
// runs as that user can read what a command has made.
func newFile(path string, fill func(*os.File) error) error {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, ".new-*") // mode 0600
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: folder %q does not exist; make it with: install -d -m 0700 -o USER %s (the user that OpenVPN runs as)", ErrNoFolder, dir, dir)
	}
	if err != nil {
		return fmt.Errorf("folder %q: %w", dir, err)
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if err := giveToOwnerOf(dir, f); err != nil {
		return err
	}
	if err := fill(f); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncFolder(dir)
}

func giveToOwnerOf(dir string, f *os.File) error {
	info, err := os.Stat(dir)
	if err != nil || os.Geteuid() != 0 {
		return err
	}
	owner := info.Sys().(*syscall.Stat_t)
	if owner.Uid == 0 {
		return nil
	}
	return f.Chown(int(owner.Uid), int(owner.Gid))
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
