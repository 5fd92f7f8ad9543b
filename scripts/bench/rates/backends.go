package main

import (
	"time"

	"ovpn-verify/scripts/bench/stand"
	"ovpn-verify/scripts/testbed"
)

// backend is one that is up.
type backend struct {
	name   string
	server string               // the program behind it; empty: none
	used   func() time.Duration // what that has had of the processors
	stand  stand.Stand
	stop   func() error
}

// backends are in the order of the table.
var backends = []struct {
	name  string
	start func(dir string, users int) (backend, error)
}{{"file", usersFile}, {"ldap", directory}, {"radius", radius}}

func usersFile(_ string, users int) (backend, error) {
	s, err := stand.UsersFile(users, stand.Cheap)
	return backend{name: "users file (cheap hashes)", used: func() time.Duration { return 0 }, stand: s, stop: func() error { return nil }}, err
}

func directory(dir string, users int) (backend, error) {
	slapd, err := testbed.StartSlapdHere(dir, testbed.SlapdOptions{Entries: stand.People(users)})
	if err != nil {
		return backend{}, err
	}
	return backend{"LDAP", "slapd", slapd.Used, stand.Directory(slapd.URL, slapd.CAFile), slapd.Stop}, nil
}

func radius(dir string, users int) (backend, error) {
	server, err := testbed.StartRadiusHere(dir, testbed.RadiusOptions{Users: stand.Passwords(users)})
	if err != nil {
		return backend{}, err
	}
	return backend{"RADIUS (PAP)", "freeradius", server.Used, stand.RADIUS(server.Addr), server.Stop}, nil
}
