//go:build e2e

package e2e_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"ovpn-verify/scripts/testbed"
)

// adSection is what the quick start has, with a certificate's peculiarities.
func adSection(samba *testbed.Samba, more string) string {
	return fmt.Sprintf("[login]\nbackend = \"ldap\"\nsecond_factor = \"none\"\n[ldap]\nurls = [%q]\nca_file = %q\nschema = \"active-directory\"\n"+
		"bind_dn = %q\nbind_password_file = \"ldap.secret\"\nbase_dn = %q\nrequired_groups = [%q]\nnested_groups = true\n%s\n",
		samba.URL, samba.CAFile, testbed.ADBindDN, testbed.ADBase, testbed.ADGroup, more)
}

// adPeople are in every state. Ada is in the group through another one.
var adPeople = []testbed.ADUser{
	{Name: "ada", Password: "Lovelace-1815", Group: "engineers"},
	{Name: "bob", Password: "Builder-2000"},
	{Name: "disabled", Password: "Disabled-2000", Group: "vpn-users", Disabled: true},
	{Name: "expired", Password: "Expired-2000", Group: "vpn-users", Extra: "accountExpires: 132000000000000000"},
	{Name: "new", Password: "Changeme-2000", Group: "vpn-users", Extra: "pwdLastSet: 0"},
}

// A domain controller of Active Directory's kind: every spelling of a name,
// groups in groups, and what it says of accounts.
func TestActiveDirectory(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	samba, err := w.StartSamba(adPeople...)
	if err != nil {
		t.Fatal(err)
	}
	w.write("ldap.secret", testbed.ADSecret)
	hosts := w.Path("hosts")
	if err := os.WriteFile(hosts, []byte(samba.Hosts), 0o644); err != nil {
		t.Fatal(err)
	}
	wrap := []string{"sh", "-c", `mount --bind "$0" /etc/hosts && exec "$@"`, hosts}
	w.believesOwnCertificate(samba, wrap)
	if err := samba.ShowCertificate(); err != nil {
		t.Fatal(err)
	}
	w.configure(adSection(samba, ""))
	w.tellsItsKindAndTime(samba, wrap)
	for _, e := range []struct{ user, password, verdict, cause string }{
		{"ada", "Lovelace-1815", "accepted", ""},
		{`EXAMPLE\ADA`, "Lovelace-1815", "accepted", ""},
		{"Ada@Example.org", "Lovelace-1815", "accepted", ""},
		{"ada@example.com", "Lovelace-1815", "refused", "matches no entry"},
		{"ada", "Lovelace-1816", "refused", "wrong password .data 52e"},
		{"bob", "Builder-2000", "refused", "in none of ldap.required_groups"},
		{"disabled", "Disabled-2000", "refused", "Your account is disabled"},
		{"expired", "Expired-2000", "refused", "Your account has expired"},
		{"new", "Changeme-2000", "refused", "Your password has to be changed"},
		{"nobody", "Lovelace-1815", "refused", "matches no entry"},
	} {
		w.secrets = append(w.secrets, e.password)
		c := w.check(e.user, e.password, wrap...)
		if !c.is(e.verdict, e.cause) || e.verdict == "accepted" && c.Identity != "ada" {
			t.Errorf("%q: %+v; want %s with %q", e.user, c, e.verdict, e.cause)
		}
	}
}

// believesOwnCertificate: it has no alternative name, and the message has the two
// lines that make it the only one that is believed.
func (w *world) believesOwnCertificate(samba *testbed.Samba, wrap []string) {
	w.t.Helper()
	w.configure(adSection(samba, ""))
	c := w.check("ada", "Lovelace-1815", wrap...)
	advice := regexp.MustCompile(`ldap\.(insecure_skip_verify = true) with ldap\.(spki_pins = \["[^"]+"\])`).FindStringSubmatch(c.Cause)
	if advice == nil {
		w.t.Fatalf("no advice: %+v", c)
	}
	w.writeConfig(adSection(samba, advice[1]+"\n"+advice[2]))
	if c := w.check("ada", "Lovelace-1815", wrap...); !c.is("accepted", "") {
		w.t.Errorf("as advised: %+v", c)
	}
	w.writeConfig(adSection(samba, advice[1]+"\nspki_pins = [\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"]"))
	if c := w.check("ada", "Lovelace-1815", wrap...); !c.is("unavailable", "no public key of the server's chain is in ldap.spki_pins") {
		w.t.Errorf("another pin: %+v", c)
	}
}

// tellsItsKindAndTime: what config init finds, and what doctor compares the clock with.
func (w *world) tellsItsKindAndTime(samba *testbed.Samba, wrap []string) {
	w.t.Helper()
	made := w.path("made/config.toml")
	out, status := w.onServer(wrap, testbed.ADSecret+"\n", "config", "init", "--backend", "ldap", "--url", samba.URL, "--ca-file", samba.CAFile,
		"--bind-dn", testbed.ADBindDN, "--bind-password-stdin", "--second-factor", "none", "--state", "state.db", "--output", made)
	content, err := os.ReadFile(made)
	if err != nil || status != 0 || !regexp.MustCompile(`(?mi)^base_dn = "dc=example,dc=org"`).Match(content) || !strings.Contains(string(content), "\nschema = \"active-directory\"") {
		w.t.Errorf("config init: exit status %d, %v\n%s\n%s", status, err, out, content)
	}
	out, _ = w.onServer(wrap, "", "doctor")
	if !strings.Contains(out, "\nok  clock          as that of "+samba.URL+"\n") || !strings.Contains(out, "\nok  directory      "+samba.URL+"\n") {
		w.t.Errorf("doctor:\n%s", out)
	}
}
