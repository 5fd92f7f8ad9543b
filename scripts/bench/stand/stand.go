// Package stand makes what the benchmarks let users log in at: a configuration,
// its files, and what the backend behind it is to know of the users.
package stand

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/alexedwards/argon2id"

	"ovpn-verify/scripts/testbed"
)

// Password is every user's.
const Password = "lovelace-1815"

// Cheap costs next to nothing; Recommended is what `user add` makes.
var (
	Cheap       = &argon2id.Params{Memory: 8, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}
	Recommended = &argon2id.Params{Memory: 19 << 10, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}
)

// User is the name of one of them, from 0 on.
func User(i int) string { return fmt.Sprintf("user%04d", i) }

// Call is a user's login from an address that no other user has.
func Call(binary, dir string, i int) testbed.Call {
	return testbed.Call{Binary: binary, Config: Config(dir), Username: User(i), Password: Password,
		IP: fmt.Sprintf("10.%d.%d.7", i/250, i%250)}
}

// Config is the path of the configuration that is written to dir.
func Config(dir string) string { return filepath.Join(dir, "config.toml") }

// Stand is a configuration, of which everything else is as it is by default.
type Stand struct {
	Backend      string
	Section      string // the backend's
	SecondFactor string // empty: "none"
	Files        map[string]string
}

// Write puts it into dir, which is made.
func (s Stand) Write(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	files := maps.Clone(s.Files)
	files[filepath.Base(Config(dir))] = fmt.Sprintf("[login]\nbackend = %q\nsecond_factor = %q\n%s[state]\npath = \"state.db\"\n[log]\nto = \"log\"\n",
		s.Backend, cmp.Or(s.SecondFactor, "none"), s.Section)
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// UsersFile has the users in a file, with hashes that cost as much as is said.
func UsersFile(users int, costs *argon2id.Params) (Stand, error) {
	hash, err := argon2id.CreateHash(Password, costs)
	if err != nil {
		return Stand{}, err
	}
	var text strings.Builder
	text.WriteString("[users]\n")
	for i := range users {
		fmt.Fprintf(&text, "%s = %q\n", User(i), hash)
	}
	return Stand{Backend: "file", Files: map[string]string{"users.toml": text.String()}}, nil
}

// People are the users as a directory's entries (testbed.SlapdOptions).
func People(users int) string {
	var people strings.Builder
	for i := range users {
		fmt.Fprintf(&people, "dn: uid=%s,%s\nobjectClass: inetOrgPerson\nuid: %[1]s\ncn: x\nsn: x\nuserPassword: %[3]s\n\n", User(i), testbed.LDAPPeople, Password)
	}
	return people.String()
}

// Directory has the users in one.
func Directory(url, caFile string) Stand {
	return Stand{
		Backend: "ldap",
		Section: fmt.Sprintf("[ldap]\nurls = [%q]\nca_file = %q\nbind_dn = %q\nbind_password_file = \"ldap.secret\"\nbase_dn = %q\n",
			url, caFile, testbed.LDAPBindDN, testbed.LDAPPeople),
		Files: map[string]string{"ldap.secret": testbed.LDAPBindSecret},
	}
}

// Passwords are the users as a RADIUS server's (testbed.RadiusOptions).
func Passwords(users int) string {
	var text strings.Builder
	for i := range users {
		fmt.Fprintf(&text, "%s Cleartext-Password := %q\n", User(i), Password)
	}
	return text.String()
}

// RADIUS has the users at such a server.
func RADIUS(address string) Stand {
	return Stand{
		Backend: "radius",
		Section: fmt.Sprintf("[radius]\nservers = [%q]\nsecret_file = \"radius.secret\"\n", address),
		Files:   map[string]string{"radius.secret": testbed.RadiusSecret},
	}
}
