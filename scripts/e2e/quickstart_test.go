//go:build e2e

package e2e_test

import (
	"testing"

	"ovpn-verify/scripts/testbed"
)

// The last question of config init, without codes and while nobody has one yet. Of a
// users file without users it asks nothing.
const (
	noLogin    = "User to try a login with (empty: none): "
	noPassword = "User to try the password of, without a code (empty: none): "
)

// knows gives the host a line of hosts(5) and the network's authority.
func (r *reader) knows(hosts string) {
	r.t.Helper()
	r.put("/etc/hosts", hosts, 0o644)
	r.put("/etc/ovpn-verify/ca.pem", string(r.CA.PEM()), 0o644)
}

func TestQuickStartActiveDirectory(t *testing.T) {
	t.Parallel()
	r := newReader(t, map[string]string{"Base DN of the users [DC=example,DC=org]: ": "", noPassword: "", "Its password: ": testbed.ADSecret, "Password: ": "Lovelace-1815"})
	samba, err := r.StartSamba(testbed.ADUser{Name: "ada", Password: "Lovelace-1815", Group: "vpn-users"})
	if err == nil {
		err = samba.ShowCertificate()
	}
	if err != nil {
		t.Fatal(err)
	}
	r.knows(samba.Hosts)
	r.follow("quick-start-active-directory.md")
	r.connects("ada", "Lovelace-1815")
}

func TestQuickStartOpenLDAP(t *testing.T) {
	t.Parallel()
	r := newReader(t, map[string]string{noPassword: "", "Its password: ": testbed.LDAPBindSecret, "Password: ": "lovelace-1815"})
	r.Slapd(testbed.SlapdOptions{Standard: true, Cert: testbed.Cert{Name: "ldap.example.org", Hosts: []string{"ldap.example.org"}}})
	r.knows("127.0.0.1 localhost ldap.example.org\n")
	r.follow("quick-start-openldap.md")
	r.connects("ada", "lovelace-1815")
}

func TestQuickStartFreeRADIUS(t *testing.T) {
	t.Parallel()
	r := newReader(t, map[string]string{noLogin: "", "Shared secret: ": testbed.RadiusSecret, "Password: ": "lovelace-1815"})
	r.Radius(testbed.RadiusOptions{Standard: true})
	r.knows("127.0.0.1 localhost radius1.example.org\n")
	r.follow("quick-start-freeradius.md")
	r.connects("ada", "lovelace-1815")
}

func TestQuickStartUsersFile(t *testing.T) {
	t.Parallel()
	r := newReader(t, map[string]string{"New password: ": "lovelace-1815", "Once more: ": "lovelace-1815", "Password: ": "lovelace-1815"})
	r.follow("quick-start-users-file.md")
	r.connects("ada", "lovelace-1815")
}
