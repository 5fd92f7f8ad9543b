package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/alexedwards/argon2id"

	"ovpn-verify/scripts/testbed"
)

const password = "lovelace-1815"

// cheap costs next to nothing; recommended is what `user add` makes.
var (
	cheap       = &argon2id.Params{Memory: 8, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}
	recommended = &argon2id.Params{Memory: 19 << 10, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}
)

func nothing() error { return nil }

func fileStorm(o options) (*storm, func() error, error) {
	s := &storm{name: "users file that takes 2 s", dir: filepath.Join(o.dir, "file"), binary: o.slow, logins: o.logins, fronts: []int{1, 8}}
	return s, nothing, s.withUsersFile(cheap)
}

// hashStorm is what a storm costs with the hashes that are made by default: they
// are computed one after the other.
func hashStorm(o options) (*storm, func() error, error) {
	s := &storm{name: "users file as it ships, default hashes", dir: filepath.Join(o.dir, "hash"), binary: o.binary, logins: o.logins, fronts: []int{1}}
	return s, nothing, s.withUsersFile(recommended)
}

func (s *storm) withUsersFile(costs *argon2id.Params) error {
	hash, err := argon2id.CreateHash(password, costs)
	if err != nil {
		return err
	}
	var users strings.Builder
	users.WriteString("[users]\n")
	for i := range s.logins {
		fmt.Fprintf(&users, "%s = %q\n", user(i), hash)
	}
	return s.write("backend = \"file\"\n", map[string]string{"users.toml": users.String()})
}

func ldapStorm(o options) (*storm, func() error, error) {
	s := &storm{name: "slapd, 2 s for each user's bind", dir: filepath.Join(o.dir, "ldap"), binary: o.binary, logins: o.logins, fronts: []int{1, 8}}
	stop, err := s.withDirectory(false)
	return s, stop, err
}

func ldapsStorm(o options) (*storm, func() error, error) {
	s := &storm{name: "the same with TLS", dir: filepath.Join(o.dir, "ldaps"), binary: o.binary, logins: o.logins, fronts: []int{1}}
	stop, err := s.withDirectory(true)
	return s, stop, err
}

// withDirectory puts what makes it slow before a real slapd.
func (s *storm) withDirectory(withTLS bool) (stop func() error, err error) {
	var people strings.Builder
	for i := range s.logins {
		fmt.Fprintf(&people, "dn: uid=%s,%s\nobjectClass: inetOrgPerson\nuid: %[1]s\ncn: x\nsn: x\nuserPassword: %[3]s\n\n", user(i), testbed.LDAPPeople, password)
	}
	if err := os.Mkdir(s.dir, 0o755); err != nil {
		return nothing, err
	}
	slapd, err := testbed.StartSlapdHere(s.dir, testbed.SlapdOptions{Entries: people.String()})
	if err != nil {
		return nothing, err
	}
	var config *tls.Config
	if withTLS {
		if config, err = slapd.ServerTLS(); err != nil {
			return slapd.Stop, err
		}
	}
	s.directory = slapd.Used
	slow, err := testbed.StartSlowLDAP(strings.TrimPrefix(slapd.URL, "ldap://"), delay, config)
	if err != nil {
		return slapd.Stop, err
	}
	stop = func() error { return errors.Join(slow.Stop(), slapd.Stop()) }
	sections := fmt.Sprintf("backend = \"ldap\"\n[ldap]\nurls = [%q]\nca_file = %q\nbind_dn = %q\nbind_password_file = \"ldap.secret\"\nbase_dn = %q\n",
		slow.URL, slapd.CAFile, testbed.LDAPBindDN, testbed.LDAPPeople)
	return stop, s.write(sections, map[string]string{"ldap.secret": testbed.LDAPBindSecret})
}

// write makes the configuration, of which everything else is as it is by default.
func (s *storm) write(sections string, files map[string]string) error {
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return err
	}
	s.config = filepath.Join(s.dir, "config.toml")
	files["config.toml"] = "[login]\nsecond_factor = \"none\"\n" + sections + "[state]\npath = \"state.db\"\n[log]\nto = \"log\"\n"
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(content), 0o600); err != nil {
			return err
		}
	}
	return nil
}
