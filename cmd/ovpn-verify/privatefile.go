package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// writePrivate makes a file of mode 0600 for secrets that only its owner may read.
// What is there already, a link included, is an error, or is replaced as a whole:
// nothing is ever written through a link or into a file that others have open.
func writePrivate(path string, content []byte, replace bool) error {
	var f *os.File
	var err error
	if replace {
		f, err = os.CreateTemp(filepath.Dir(path), ".new-*") // mode 0600
	} else {
		f, err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	}
	if errors.Is(err, fs.ErrExist) {
		return &hintError{err, "give the name of a new file, or --overwrite"}
	}
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil && replace {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
