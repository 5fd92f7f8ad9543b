package main

import (
	"ovpn-verify/scripts/bench/stand"
	"ovpn-verify/scripts/testbed"
)

// backend is one that is up.
type backend struct {
	name   string
	server string // the program behind it; empty: none
	pid    int    // its process
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
	return backend{name: "users file (cheap hashes)", stand: s, stop: func() error { return nil }}, err
}

func directory(dir string, users int) (backend, error) {
	slapd, err := testbed.StartSlapdHere(dir, testbed.SlapdOptions{Entries: stand.People(users)})
	if err != nil {
		return backend{}, err
	}
	return backend{"LDAP", "slapd", slapd.PID(), stand.Directory(slapd.URL, slapd.CAFile), slapd.Stop}, nil
}

func radius(dir string, users int) (backend, error) {
	server, err := testbed.StartRadiusHere(dir, testbed.RadiusOptions{Users: stand.Passwords(users)})
	if err != nil {
		return backend{}, err
	}
	return backend{"RADIUS (PAP)", "freeradius", server.PID(), stand.RADIUS(server.Addr), server.Stop}, nil
}
