package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"ovpn-verify/backends/file"
	"ovpn-verify/verify/config"
)

func (s *start) beside(name string) string { return filepath.Join(s.folder, name) }

// free is an error where a file is in the way, before anybody has typed anything.
func (s *start) free(path string) error {
	if _, err := os.Lstat(path); err != nil || s.cmd.Force {
		return nil
	}
	return &hintError{fmt.Errorf("%s is there already", path), "name another with --output, or overwrite it with --force"}
}

// write makes the configuration last: it is there when all that it names is.
func (s *start) write() error {
	text, err := fill(s.settings)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(s.folder, 0o755); err != nil {
		return err
	}
	if err := s.valid(text); err != nil {
		return err
	}
	for name, content := range s.public {
		if err := s.file(name, content, 0o644, false); err != nil {
			return err
		}
	}
	for name, text := range s.secrets {
		if err := s.file(name, append(text.Reveal(), '\n'), 0o600, true); err != nil {
			return err
		}
	}
	if err := s.stateFolder(); err != nil {
		return err
	}
	if s.usersFile {
		if err := s.users(); err != nil {
			return err
		}
	}
	return s.file(filepath.Base(s.output), []byte(text), 0o644, false)
}

// valid tells what is wrong with the configuration before anything is there.
func (s *start) valid(text string) error {
	f, err := os.CreateTemp(s.folder, ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if _, err = config.Load(f.Name()); err != nil {
		return errors.New(strings.ReplaceAll(err.Error(), f.Name(), s.output))
	}
	return nil
}

// file is written whole or not at all. What the owner has to read alone is given to
// whom logins are decided as.
func (s *start) file(name string, content []byte, mode fs.FileMode, give bool) error {
	path := s.beside(name)
	f, err := os.CreateTemp(s.folder, ".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(content)
	if err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close()); err != nil {
		return err
	}
	if give {
		s.give(f.Name(), path)
	}
	if s.cmd.Force {
		err = os.Rename(f.Name(), path)
	} else {
		err = os.Link(f.Name(), path) // never in another file's place
	}
	if err != nil {
		return err
	}
	s.say("written", fmt.Sprintf("%s, mode %04o", path, mode))
	return nil
}

// give makes a file the owner's. Only root can; others are told what is left to do.
func (s *start) give(path, name string) {
	if s.owner.UID == os.Geteuid() {
		return
	}
	if err := os.Lchown(path, s.owner.UID, -1); err != nil {
		fmt.Fprintf(os.Stderr, "warning: %s has to belong to %s: chown %[2]s %[1]s\n", name, s.owner.Name)
	}
}

// users makes the users file, so that it is the owner's from the first user on. One
// that is there keeps what is in it.
func (s *start) users() error {
	path := s.beside(file.DefaultConfig().Path)
	if err := file.ChangeUsers(path, func(file.Users) error { return nil }); err != nil {
		return err
	}
	s.give(path, path)
	s.say("made", path+", mode 0600")
	return nil
}

// stateFolder makes the folder in which the state will be; one that is there stays.
func (s *start) stateFolder() error {
	path := cmp.Or(s.cmd.State, config.Default().State.Path)
	if !filepath.IsAbs(path) {
		path = s.beside(path)
	}
	dir := filepath.Dir(path)
	if info, err := os.Stat(dir); err == nil {
		if int(info.Sys().(*syscall.Stat_t).Uid) != s.owner.UID {
			fmt.Fprintf(os.Stderr, "warning: %s is there, and has to belong to %s: chown -R %[2]s %[1]s\n", dir, s.owner.Name)
		}
		return nil
	}
	if err := errors.Join(os.MkdirAll(filepath.Dir(dir), 0o755), os.Mkdir(dir, 0o700)); err != nil {
		return err
	}
	s.give(dir, dir)
	s.say("made", dir+", mode 0700")
	return nil
}
