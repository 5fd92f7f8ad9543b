// Package harden takes away from the process what deciding logins does not
// need: being traced and dumped, capabilities, the super-user's id, and files
// that the configuration does not name. What cannot be taken away on a system is
// told in a note and stays; only an unprivileged user that cannot be had, or that
// cannot read what it needs, is an error.
//
// It promises that after a nil error the process runs as the user asked for, in
// all of its threads, and that nothing it does later brings back what it gave up.
package harden

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// Use is what the process does with a file.
type Use int

// In all of them another file may take the named one's place.
const (
	Read      Use = iota // read when the service is made; with another file in its place the service is made anew
	ReadAgain            // read for every login, also when it was replaced: files beside it may be read, too
	Keep                 // made, read and written, with temporary files beside it
	Append               // written at its end, and made when it was moved away
	Replace              // made anew each time, with a temporary file beside it; nothing hangs on it
)

// File is one that the process needs.
type File struct {
	Key  string // of the configuration, which names it
	Path string // absolute
	Use  Use
}

// Result tells what came of it.
type Result struct {
	// Notes are what could not be done, in words for the log.
	Notes []string
	// Changed tells that a path leads to another file now than when the process
	// was bound to the files it needs, or that owner or mode of one were changed
	// so that it may not use it. Then another process is needed.
	Changed func() bool
}

// Restrict gives up everything but files. A user name or number makes a process
// of root that user; it is ignored in a process of anybody else. systemRoots says
// that the certificates which the system trusts are read, wherever they lie. It has to be
// called before the process is connected to a network, and works once.
func Restrict(username string, files []File, systemRoots bool) (Result, error) {
	r := Result{Changed: func() bool { return false }}
	r.note(seal())
	r.note(dropBoundingSet())
	if err := r.become(username); err != nil {
		return r, err
	}
	r.note(dropCapabilities(files))
	if err := usable(username, files); err != nil {
		return r, err
	}
	before := unusable(files)
	moved, err := confine(files, systemRoots)
	r.note(err)
	r.Changed = rarely(func() bool {
		return err == nil && moved() || !slices.Equal(unusable(files), before)
	})
	return r, nil
}

func (r *Result) note(err error) {
	if err != nil {
		r.Notes = append(r.Notes, err.Error())
	}
}

// become leaves a process alone that is not root's: it is what OpenVPN was told
// to be (user in server.conf), and cannot be anybody else.
func (r *Result) become(username string) error {
	if username == "" {
		return nil
	}
	account, err := lookUp(username)
	if self := os.Geteuid(); self != 0 {
		if err != nil || account.uid != self {
			r.note(fmt.Errorf("worker.user is %q, but user id %d started this process and cannot become another", username, self))
		}
		return nil
	}
	if err != nil {
		return err
	}
	if err := account.hasRoom(); err != nil {
		return fmt.Errorf("worker.user %q: %w", username, err)
	}
	if err := account.assume(); err != nil {
		return fmt.Errorf("worker.user: becoming %q: %w", username, err)
	}
	r.note(undumpable()) // the kernel sets its own default with a new user id
	return nil
}

// usable tells of every file that the user which worker.user names cannot use.
// For a user that was there before, reading them tells.
func usable(username string, files []File) error {
	if username == "" {
		return nil
	}
	var faults []error
	told := map[string]bool{}
	for _, f := range files {
		if path, deed := f.denied(); path != "" && !told[path] && f.Use != Replace {
			told[path] = true
			faults = append(faults, fmt.Errorf("%s: worker.user %q may not %s %q%s; mend it with: %s",
				f.Key, username, deed, path, ownership(path), f.mend(username, path)))
		}
	}
	return errors.Join(faults...)
}

// mend gives what the process keeps to the user, and lets the user's group read
// what it reads.
func (f File) mend(username, path string) string {
	switch {
	case f.Use == Keep || f.Use == Append && path == f.Path:
		return fmt.Sprintf("chown %s %s", username, path)
	case f.Use == Append:
		return fmt.Sprintf("a folder of its own for the log: install -d -o %s FOLDER", username)
	case path == f.Path:
		return fmt.Sprintf("chgrp %d %s && chmod 0640 %s", os.Getegid(), path, path)
	default:
		return fmt.Sprintf("chgrp %d %s && chmod 0750 %s", os.Getegid(), path, path)
	}
}

// denied returns the first path on the way to the file, or the file, which the
// process cannot use as it has to, and the word for that. What is missing is
// found where it is opened.
func (f File) denied() (path, deed string) {
	folder := filepath.Dir(f.Path)
	if path := unenterable(folder); path != "" {
		return path, "enter"
	}
	exists := true
	if _, err := os.Stat(f.Path); err != nil {
		exists = false
	}
	switch {
	case (f.Use == Keep || f.Use == Replace || f.Use == Append && !exists) && !permitted(folder, mayWrite|mayEnter):
		return folder, "write to the folder"
	case exists && f.Use != Append && f.Use != Replace && !permitted(f.Path, mayRead):
		return f.Path, "read"
	case exists && (f.Use == Keep || f.Use == Append) && !permitted(f.Path, mayWrite):
		return f.Path, "write"
	}
	return "", ""
}

// unenterable is the topmost folder on the way that keeps the process out.
func unenterable(folder string) string {
	if parent := filepath.Dir(folder); parent != folder {
		if path := unenterable(parent); path != "" {
			return path
		}
	}
	if _, err := os.Stat(folder); err != nil || permitted(folder, mayEnter) {
		return ""
	}
	return folder
}

// As access(2) has them.
const (
	mayEnter uint32 = 1
	mayWrite uint32 = 2
	mayRead  uint32 = 4
)
