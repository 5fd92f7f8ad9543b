package main

import (
	_ "embed"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/alexedwards/argon2id"

	"ovpn-verify/scripts/bench/stand"
	"ovpn-verify/scripts/testbed"
)

func nothing() error { return nil }

//go:embed programs/wait.c
var waitSource []byte

// referenceStorm is of a program that has nothing to do: what starts programs, and this
// machine, cannot do better.
func referenceStorm(o options) (*storm, func() error, error) {
	s := &storm{name: "no worker: a C program whose copy waits for 2 s", dir: filepath.Join(o.dir, "reference"), logins: o.logins, daemons: []daemons{{number: 1}, {number: 8}}}
	s.binary = filepath.Join(s.dir, "wait")
	return s, nothing, errors.Join(os.Mkdir(s.dir, 0o755), stand.BuildC(s.binary, waitSource))
}

// daemons are one that does nothing but to start programs, one that works as OpenVPN does,
// and so many of the first kind.
func (o options) daemons(more ...int) []daemons {
	all := []daemons{{number: 1}, {number: 1, work: o.work}}
	for _, n := range more {
		all = append(all, daemons{number: n})
	}
	return all
}

func fileStorm(o options) (*storm, func() error, error) {
	s := &storm{name: "users file that takes 2 s", dir: filepath.Join(o.dir, "file"), binary: o.slow, logins: o.logins, daemons: o.daemons(8)}
	return s, nothing, s.withUsersFile(stand.Cheap)
}

// hashStorm is what a storm costs with the hashes that are made by default: they
// are computed one after the other.
func hashStorm(o options) (*storm, func() error, error) {
	s := &storm{name: "users file as it ships, default hashes", dir: filepath.Join(o.dir, "hash"), binary: o.binary, logins: o.logins, daemons: []daemons{{number: 1}}}
	return s, nothing, s.withUsersFile(stand.Recommended)
}

func (s *storm) withUsersFile(costs *argon2id.Params) error {
	users, err := stand.UsersFile(s.logins, costs)
	if err != nil {
		return err
	}
	return users.Write(s.dir)
}

func ldapStorm(o options) (*storm, func() error, error) {
	s := &storm{name: "slapd, 2 s for each user's bind", dir: filepath.Join(o.dir, "ldap"), binary: o.binary, logins: o.logins, daemons: o.daemons(8)}
	stop, err := s.withDirectory(delay, false)
	return s, stop, err
}

// longStorm lasts until the whole thousand wait at once.
func longStorm(o options) (*storm, func() error, error) {
	s := &storm{name: "slapd, 4 s for each: all wait at once", dir: filepath.Join(o.dir, "long"), binary: o.binary, logins: o.logins, daemons: []daemons{{number: 8}}}
	stop, err := s.withDirectory(2*delay, false)
	return s, stop, err
}

func ldapsStorm(o options) (*storm, func() error, error) {
	s := &storm{name: "the same with TLS", dir: filepath.Join(o.dir, "ldaps"), binary: o.binary, logins: o.logins, daemons: o.daemons()}
	stop, err := s.withDirectory(delay, true)
	return s, stop, err
}

// withDirectory puts what makes it slow before a real slapd.
func (s *storm) withDirectory(delay time.Duration, withTLS bool) (stop func() error, err error) {
	if err := os.Mkdir(s.dir, 0o755); err != nil {
		return nothing, err
	}
	slapd, err := testbed.StartSlapdHere(s.dir, testbed.SlapdOptions{Entries: stand.People(s.logins)})
	if err != nil {
		return nothing, err
	}
	slow, err := startProxy(slapd, delay, withTLS)
	if err != nil {
		return slapd.Stop, err
	}
	s.directory, s.proxy = slapd.Used, slow.Used
	stop = func() error { return errors.Join(slow.Stop(), slapd.Stop()) }
	return stop, stand.Directory(slow.URL, slapd.CAFile).Write(s.dir)
}
