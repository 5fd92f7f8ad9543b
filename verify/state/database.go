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

// database is the locked file. bbolt is opened only by those who write: what it reads
// for that, the list of free pages, grows with what was ever deleted. It stays open then.
type database struct {
	f    *os.File
	kept *kept
	tree *tree
	bolt *bbolt.DB // nil until somebody writes
}

// openDatabase refuses what bbolt would mend by itself, such as an empty file,
// which it makes into an empty database.
func openDatabase(f *os.File, kept *kept) (*database, error) {
	d := &database{f: f, kept: kept}
	if f == kept.file {
		d.bolt = kept.bolt
	}
	if err := d.look(); err != nil {
		return nil, errors.Join(err, d.close())
	}
	upgraded, err := d.checkSchema()
	if err == nil && upgraded {
		if err := d.look(); err != nil {
			return nil, errors.Join(err, d.close())
		}
	}
	if err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

func (d *database) look() (err error) {
	if d.tree, err = openTree(d.f, &d.kept.pages); err != nil {
		return damage(d.f.Name(), err)
	}
	return nil
}

// begin opens bbolt, once for all, and begins a transaction that writes.
func (d *database) begin() (*bbolt.Tx, error) {
	if d.bolt == nil {
		if err := d.tree.checkFree(); err != nil {
			return nil, damage(d.f.Name(), err)
		}
		bolt, err := bbolt.Open(d.f.Name(), 0o600, options(d.f))
		if err != nil {
			return nil, damage(d.f.Name(), err)
		}
		d.bolt = bolt
	}
	return d.bolt.Begin(true)
}

// close also closes the file when bbolt was opened.
func (d *database) close() error {
	if d.bolt == nil {
		return nil
	}
	d.kept.forget()
	return d.bolt.Close()
}

// rest is close after a batch that went well, which leaves the file open to the next one.
func (d *database) rest() error {
	if d.bolt == nil || d.kept.keep(d.f, d.bolt) == nil {
		return nil
	}
	return d.close()
}
