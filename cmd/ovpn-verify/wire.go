package main

import (
	"errors"
	"io/fs"
	"log/slog"
	"strings"
	"time"

	"ovpn-verify/backends/file"
	"ovpn-verify/backends/ldap"
	"ovpn-verify/backends/radius"
	"ovpn-verify/verify"
	"ovpn-verify/verify/config"
	"ovpn-verify/verify/logging"
	"ovpn-verify/verify/state"
	"ovpn-verify/verify/worker"
)

// configFlag is the path of the configuration.
type configFlag string

func (path configFlag) load() (config.Config, error) {
	c, err := config.Load(string(path))
	if err == nil {
		return c, nil
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = &hintError{err, "make one, with questions: ovpn-verify config init"}
	case len(config.Faults(err)) > 0:
		err = &hintError{err, "see all keys with their meaning: ovpn-verify config init --example"}
	}
	return c, err
}

// newPipeline puts the parts together that the configuration asks for.
func newPipeline(c config.Config) (*verify.Pipeline, error) {
	store := loginStore(c)
	backend, err := newBackend(c, store)
	if err != nil {
		return nil, err
	}
	return verify.New(verify.Pipeline{
		Login: c.Login, TOTP: c.TOTP, Limits: c.Limits, Session: c.Session, Backend: backend,
		Store: store, Now: time.Now,
		OneTimePasswords: c.Login.OneTimePasswords || c.Login.Backend == "radius" && c.RADIUS.Push,
	}, worker.MaxConnections(c.Worker.MaxConcurrent)), nil
}

func newBackend(c config.Config, store *state.Store) (verify.PasswordChecker, error) {
	switch c.Login.Backend {
	case "file":
		return file.New(c.File), nil
	case "ldap":
		backend, err := ldap.New(c.LDAP)
		if err != nil {
			return nil, err
		}
		backend.LimitConnections(worker.MaxConnections(c.Worker.MaxConcurrent))
		if len(c.LDAP.URLs) > 1 || strings.HasPrefix(c.LDAP.URLs[0], "srv://") {
			backend.RememberServers(serverMemory{store, "ldap"})
		}
		return backend, nil
	case "radius":
		return newRADIUS(c, store)
	default:
		return nil, errors.New("no backend of that name") // Validate has kept it out
	}
}

func newRADIUS(c config.Config, store *state.Store) (verify.PasswordChecker, error) {
	backend, err := radius.New(c.RADIUS)
	if err != nil {
		return nil, err
	}
	if len(c.RADIUS.Servers) > 1 {
		backend.RememberServers(serverMemory{store, "radius"})
	}
	if c.Login.OneTimePasswords {
		backend.SpendPasswords()
	}
	return backend, nil
}

func newStore(c config.Config) *state.Store { return state.Open(c.State.Path, c.State.KeyFile) }

// loginStore is the store as logins see it: with a second factor it must be there.
func loginStore(c config.Config) *state.Store {
	if c.Login.SecondFactor == "totp" {
		return state.OpenExisting(c.State.Path, c.State.KeyFile)
	}
	return newStore(c)
}

// newLog makes the log and writes the warnings that stand at every start.
func newLog(c config.Config) (*slog.Logger, func()) {
	log, flush := logging.New(c.Log)
	for _, w := range c.Warnings() {
		log.Warn("configuration", "warning", w)
	}
	return log, flush
}
