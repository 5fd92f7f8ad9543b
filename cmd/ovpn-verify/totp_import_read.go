package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"ovpn-verify/challenge/migrate"
	"ovpn-verify/verify/secret"
)

// The longest files: a table of 100,000 users has some 10 MB; google-authenticator
// takes no file of more than 64 KB itself.
const (
	maxTable  = 64 << 20
	maxGoogle = 64 << 10
)

const googleFile = ".google_authenticator"

// readEnrolments reads a file, standard input, or a folder.
func readEnrolments(name string) ([]migrate.Entry, error) {
	if name == "-" {
		content, err := limited(os.Stdin, maxTable)
		if err != nil {
			return nil, fmt.Errorf("standard input: %w", err)
		}
		return migrate.Read("standard input", content)
	}
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return readFolder(name)
	case info.Mode().Perm()&0o077 != 0:
		fmt.Fprintln(os.Stderr, styleOf(os.Stderr).yellow("warning:"), shown(fmt.Sprintf("%s holds secrets, and others than its owner may read it: chmod 600 %[1]s", name)))
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := limited(f, maxTable)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return migrate.Read(name, content)
}

func limited(r io.Reader, most int64) (secret.Text, error) {
	content, err := io.ReadAll(io.LimitReader(r, most+1))
	if err == nil && int64(len(content)) > most {
		err = fmt.Errorf("longer than %d bytes", most)
	}
	return secret.New(content), err
}

// readFolder reads one user's file for each name in the folder. The files belong to
// users, and whoever imports is root: no link is followed out of the folder, nor
// to another user's file, and nothing but a regular file is opened.
func readFolder(name string) (all []migrate.Entry, err error) {
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	names, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return nil, err
	}
	var faults []error
	for _, n := range names {
		path := n.Name()
		if n.IsDir() {
			path = filepath.Join(path, googleFile)
		}
		e, err := readUsersFile(root, name, path)
		if n.IsDir() && errors.Is(err, fs.ErrNotExist) {
			continue // has no second factor
		}
		if e.User = n.Name(); err == nil {
			all = append(all, e)
		}
		faults = append(faults, err)
	}
	return all, errors.Join(faults...)
}

func readUsersFile(root *os.Root, folder, path string) (migrate.Entry, error) {
	place := filepath.Join(folder, path)
	info, err := root.Lstat(path)
	if err != nil {
		return migrate.Entry{}, err
	}
	if !info.Mode().IsRegular() {
		return migrate.Entry{}, fmt.Errorf("%s: not a regular file", place)
	}
	f, err := root.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return migrate.Entry{}, err
	}
	defer f.Close()
	if opened, err := f.Stat(); err != nil || !os.SameFile(info, opened) {
		return migrate.Entry{}, fmt.Errorf("%s: it was replaced meanwhile", place)
	}
	content, err := limited(f, maxGoogle)
	if err != nil {
		return migrate.Entry{}, fmt.Errorf("%s: %w", place, err)
	}
	all, err := migrate.Read(place, content)
	if err != nil {
		return migrate.Entry{}, err
	}
	if len(all) != 1 || all[0].User != "" {
		return migrate.Entry{}, fmt.Errorf("%s: not a file of google-authenticator", place)
	}
	return all[0], nil
}
