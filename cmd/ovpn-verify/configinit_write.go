package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"ovpn-verify/backends/file"
	"ovpn-verify/verify/config"
	"ovpn-verify/verify/openvpn/serverconf"
	"ovpn-verify/verify/primary"
	"ovpn-verify/verify/trace"
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

// try goes the way of a login, as far as it goes without a user, and with one where
// there is somebody to type a password.
func (s *start) try() error {
	path := configFlag(s.output)
	c, err := path.load()
	if err != nil {
		return err
	}
	backend, err := newBackend(c, loginStore(c))
	if err != nil {
		return err
	}
	if inspected, can := backend.(inspector); can {
		if err := tryServers(inspected, s.output); err != nil {
			return err
		}
	}
	s.next(c)
	if name, err := s.optional("", "User to try a login with (empty: none)"); err == nil && name != "" {
		return (&checkCommand{User: name}).Run(&path)
	}
	return nil
}

// inspector is a backend that asks servers.
type inspector interface {
	Inspect(context.Context) []primary.Inspection
}

// tryServers prints the steps as `check` does; one server that works is enough.
func tryServers(backend inspector, path string) error {
	out := newCheckOutput(false)
	ctx, cancel := context.WithTimeout(trace.With(context.Background(), &trace.Trace{OnStep: out.step}), initTimeout)
	defer cancel()
	var failed error
	for _, i := range backend.Inspect(ctx) {
		if i.Err == nil {
			fmt.Printf("%s: %s can decide logins\n", out.style.green("works"), shown(i.Server))
			return nil
		}
		err := i.Err
		if i.Mend != "" {
			err = &hintError{err, "mend it with: " + i.Mend + " in " + path}
		}
		failed = errors.Join(failed, err)
	}
	return fmt.Errorf("%s is written, and logins do not work yet: %w", path, failed)
}

// next is what is left to do.
func (s *start) next(c config.Config) {
	if c.Login.Backend == "file" {
		fmt.Println("next: ovpn-verify user add NAME")
	}
	if c.Login.SecondFactor == "totp" {
		fmt.Println("next: ovpn-verify totp enroll NAME")
	}
	if s.conf == nil {
		return
	}
	ours, err := oursFor(s.output, c)
	if err != nil {
		return
	}
	for _, f := range serverconf.Judge(s.conf, ours, serverconf.ThisHost()) {
		fmt.Println("next:", f)
	}
}
