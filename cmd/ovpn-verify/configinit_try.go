package main

import (
	"context"
	"errors"
	"fmt"

	"ovpn-verify/verify/config"
	"ovpn-verify/verify/openvpn/serverconf"
	"ovpn-verify/verify/primary"
	"ovpn-verify/verify/trace"
)

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
	if c.Login.Backend == "file" {
		return nil // there is nobody yet
	}
	alone, question := c.Login.SecondFactor == "totp", "User to try a login with (empty: none)"
	if alone {
		question = "User to try the password of, without a code (empty: none)"
	}
	if name, err := s.optional("", question); err == nil && name != "" {
		return (&checkCommand{User: name, passwordAlone: alone}).Run(&path)
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
