package state

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"go.etcd.io/bbolt"
)

// pageSize is fixed, so that a store can be copied between machines.
const pageSize = 4096

// create makes an empty database. A key file without a database means that the
// database was lost: to begin anew would be to forget who has a second factor.
func (s *Store) create() error {
	if _, err := os.Lstat(s.keyFile); err == nil {
		if _, err := os.Lstat(s.path); err == nil {
			return nil // made by somebody else since we looked
		}
		return fmt.Errorf("the file is gone, but its key file %q is there; restore the file, or move the key file away to begin with no enrolments", s.keyFile)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return newFile(s.path, func(f *os.File) error {
		db, err := bbolt.Open(f.Name(), 0o600, options(f))
		if err != nil {
			return err
		}
		return errors.Join(db.Update(lay), db.Close())
	})
}

// options make bbolt work on f, which is locked, and not on whatever has its
// name by now. fsync stays on: NoSync and its like are not set.
func options(f *os.File) *bbolt.Options {
	return &bbolt.Options{
		PageSize:     pageSize,
		FreelistType: bbolt.FreelistArrayType,
		NoStatistics: true,
		Timeout:      time.Second, // never used up: the lock is ours
		OpenFile:     func(string, int, os.FileMode) (*os.File, error) { return f, nil },
	}
}

// openDatabase refuses what bbolt would mend by itself, such as an empty file,
// which it makes into an empty database.
func openDatabase(f *os.File) (*bbolt.DB, *tree, error) {
	pages, err := openTree(f)
	if err != nil {
		return nil, nil, damage(f.Name(), err)
	}
	db, err := bbolt.Open(f.Name(), 0o600, options(f))
	if err != nil {
		pages.close()
		return nil, nil, damage(f.Name(), err)
	}
	if pages, err = upToDate(db, f, pages); err != nil {
		_ = db.Close()
		return nil, nil, err
	}
	return db, pages, nil
}

// upToDate returns the tree of a database whose layout is this program's, or closes it.
func upToDate(db *bbolt.DB, f *os.File, pages *tree) (*tree, error) {
	upgraded, err := checkSchema(db, pages)
	if err == nil && !upgraded {
		return pages, nil
	}
	pages.close()
	if err != nil {
		return nil, err
	}
	return openTree(f)
}

func damage(path string, reason error) error {
	return fmt.Errorf("the file is damaged: %w; restore it, or move %s and its key file away to begin with no enrolments", reason, path)
}
