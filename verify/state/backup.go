package state

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Backup copies the database to path, a new file for its owner alone. The copy is
// of one moment between two transactions, whoever writes meanwhile. A damaged
// store is refused, and the copy gets its name only after Check has found nothing
// in it either. The store stays as it is, with the owner it has.
//
// The key file is not copied. Without it nobody can read an enrolment in the
// backup, which is why the two belong in different places.
func (s *Store) Backup(ctx context.Context, path string) error {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("backup %q: %w", path, fs.ErrExist)
	}
	if err := s.fine(ctx); err != nil {
		return fmt.Errorf("nothing is copied, `state check` says more: %w", err)
	}
	content, err := s.snapshot(ctx)
	if err != nil {
		return s.unavailable(err)
	}
	if err := s.keepCopy(ctx, path, content); err != nil {
		return fmt.Errorf("backup %q: %w", path, err)
	}
	return nil
}

// snapshot reads the whole file while it is locked. Into memory, so that logins
// wait for this disk's reading only and never for where the backup goes, which may
// be a network's. Not by bbolt's own copying: it numbers the meta pages anew, and
// readMeta would take that for damage.
func (s *Store) snapshot(ctx context.Context) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, maxWait)
	defer cancel()
	open := func() (*os.File, error) { return openChecked(s.path) }
	f, err := lockInPlace(s.path, open, func() bool { return ctx.Err() == nil })
	if errors.Is(err, errNobodyWaits) {
		err = fmt.Errorf("gave up waiting for it: %w", context.Cause(ctx))
	}
	if err != nil {
		return nil, err
	}
	defer release(f)
	return io.ReadAll(f)
}

// keepCopy writes the copy under another name, and gives it its own by a link,
// which replaces nothing: whatever fails, there is no half backup at path.
func (s *Store) keepCopy(ctx context.Context, path string, content []byte) error {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, ".backup-*") // mode 0600
	if err != nil {
		return fmt.Errorf("folder %q: %w", dir, withoutPath(err))
	}
	defer os.Remove(f.Name())
	_, err = f.Write(content)
	if err = errors.Join(withoutPath(err), withoutPath(f.Sync()), f.Close()); err != nil {
		return err
	}
	if err := Open(f.Name(), s.keyFile).fine(ctx); err != nil {
		return fmt.Errorf("the copy cannot be read back: %w", err)
	}
	if err := os.Link(f.Name(), path); err != nil {
		return withoutPath(err)
	}
	return syncFolder(dir)
}

// fine is Check for those who want to know nothing else.
func (s *Store) fine(ctx context.Context) error {
	r, err := s.Check(ctx)
	return errors.Join(append(r.Faults, err)...)
}

// withoutPath leaves out the name under which the copy was being made.
func withoutPath(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	if l, ok := errors.AsType[*os.LinkError](err); ok {
		return l.Err
	}
	return err
}
