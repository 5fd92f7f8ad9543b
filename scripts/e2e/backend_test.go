//go:build e2e

package e2e_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ovpn-verify/backends/ldap"
	"ovpn-verify/backends/radius"
	"ovpn-verify/scripts/testbed"
	"ovpn-verify/verify/primary"
	"ovpn-verify/verify/secret"
)

// What the backends tell later parts and no command shows yet is asked of them
// here, with servers on the host's own loopback.

// hostDir holds such a server's files, and the secret in a file of its own.
func hostDir(t *testing.T, shared string) (dir, secretFile string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "ovt-") // a socket's path has to be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	secretFile = filepath.Join(dir, "secret")
	if err := os.WriteFile(secretFile, []byte(shared), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir, secretFile
}

// The service account alone tells who may stay: who is there, in a required
// group, and not locked for good. Wrong passwords, anybody's, lock for a while only.
func TestLDAPStillThere(t *testing.T) {
	t.Parallel()
	slapd, backend := hostDirectory(t)
	ada := "uid=ada," + testbed.LDAPPeople
	for _, step := range []struct{ change, user, want string }{
		{"", "ADA", "there"},
		{"", "bob", "gone"},
		{"", "never-was", "gone"},
		{modify(testbed.LDAPVPNGroup, "delete", "member", ada), "ada", "gone"},
		{modify(testbed.LDAPVPNGroup, "add", "member", ada), "ada", "there"},
		{modify(ada, "add", "pwdAccountLockedTime", "000001010000Z"), "ada", "gone"},
		{modify(ada, "replace", "pwdAccountLockedTime", time.Now().UTC().Format("20060102150405Z")), "ada", "there"},
		{fmt.Sprintf("dn: %s\nchangetype: delete\n", ada), "ada", "gone"},
	} {
		if step.change != "" {
			if err := slapd.Add(step.change); err != nil {
				t.Fatal(err)
			}
		}
		id, err := backend.StillThere(t.Context(), &primary.Request{Username: step.user})
		got := "outage"
		switch {
		case err == nil && id.Name == "ada":
			got = "there"
		case errors.Is(err, primary.ErrRefused):
			got = "gone"
		}
		if got != step.want {
			t.Errorf("%q, then %s: %s, want %s: %v", step.change, step.user, got, step.want, err)
		}
	}
	if err := slapd.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := backend.StillThere(t.Context(), &primary.Request{Username: "ada"}); err == nil || errors.Is(err, primary.ErrRefused) {
		t.Errorf("in an outage: %v", err)
	}
}

func modify(dn, how, attribute, value string) string {
	return fmt.Sprintf("dn: %s\nchangetype: modify\n%s: %s\n%[3]s: %[4]s\n", dn, how, attribute, value)
}

func hostDirectory(t *testing.T) (*testbed.Slapd, *ldap.Backend) {
	t.Helper()
	dir, secretFile := hostDir(t, testbed.LDAPBindSecret)
	slapd, err := testbed.StartSlapdHere(dir, testbed.SlapdOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = slapd.Stop() })
	c := ldap.DefaultConfig()
	c.URLs, c.CAFile = []string{slapd.TLSURL}, slapd.CAFile
	c.BaseDN, c.RequiredGroups = testbed.LDAPPeople, []string{testbed.LDAPVPNGroup}
	c.BindDN, c.BindPasswordFile = testbed.LDAPBindDN, secretFile
	backend, err := ldap.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return slapd, backend
}

// What FreeRADIUS sends of a session is in the identity.
func TestRADIUSAttributesReceived(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"Framed-IP-Address": "10.8.0.77", "Framed-IP-Netmask": "255.255.255.0", "Filter-Id": "staff",
		"Framed-Route": "192.0.2.0/24 10.8.0.77 1", "Session-Timeout": "3600", "Idle-Timeout": "600",
		"Framed-IPv6-Prefix": "2001:db8::/64", "Delegated-IPv6-Prefix": "2001:db8:1::/56",
		"MS-Primary-DNS-Server": "192.0.2.53", "MS-Secondary-DNS-Server": "192.0.2.54",
	}
	users := []string{"grace Cleartext-Password := \"grace secret\"\n\tClass := 0x67726f7570"}
	for name, value := range want {
		users = append(users, fmt.Sprintf("%s := %q", name, value))
	}
	want["Class"] = "67726f7570"
	dir, secretFile := hostDir(t, testbed.RadiusSecret)
	server, err := testbed.StartRadiusHere(dir, testbed.RadiusOptions{Users: strings.Join(users, ",\n\t") + "\n\n"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop() })
	c := radius.DefaultConfig()
	c.Servers, c.SecretFile = []string{server.Addr}, secretFile
	backend, err := radius.New(c)
	if err != nil {
		t.Fatal(err)
	}
	id, err := backend.CheckPassword(t.Context(), &primary.Request{Username: "grace", Password: secret.FromString("grace secret")})
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range want {
		if got := id.Attributes[name]; len(got) != 1 || got[0] != value {
			t.Errorf("%s is %q, want %q", name, got, value)
		}
	}
}
