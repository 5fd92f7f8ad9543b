//go:build e2e

package e2e_test

import (
	"fmt"
	"testing"

	"ovpn-verify/scripts/testbed"
)

// Grace has to change her password: slapd lets her bind and do nothing else.
// Frank locks his account, which reads like any refusal.
func TestLDAPAccounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.configure(ldapSection(w.Slapd(testbed.SlapdOptions{}), `second_factor = "none"`, ""))
	c := w.Client(w.serve(testbed.ServerOptions{}), testbed.ClientOptions{})
	w.want(w.attempt(c, "grace", "grace's wrong one"), testbed.Refused, refusedText)
	w.want(w.attempt(c, "grace", "grace secret"), testbed.Refused, "Your password has to be changed before you can log in")
	w.logged(`user=grace .*verdict=refused .*has to be changed after a reset`)
	for range 3 {
		w.want(w.attempt(c, "frank", "frank's wrong one"), testbed.Refused, refusedText)
	}
	w.want(w.attempt(c, "frank", "frank secret"), testbed.Refused, refusedText)
	w.logged(`user=frank .*verdict=refused .*the account is locked`)
	w.want(w.attempt(c, "ada", "lovelace-1815"), testbed.Connected, "")
}

// Dan is in the group through another group in it, as memberOf or a search tells.
func TestLDAPNestedGroup(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	slapd := w.Slapd(testbed.SlapdOptions{})
	w.configure(ldapSection(slapd, `second_factor = "none"`, ""))
	c := w.Client(w.serve(testbed.ServerOptions{}), testbed.ClientOptions{})
	w.want(w.attempt(c, "dan", "dan secret"), testbed.Refused, refusedText)
	for _, search := range []string{"", "group_base_dn = \"" + testbed.LDAPGroups + "\"\n"} {
		w.configure(ldapSection(slapd, `second_factor = "none"`, search+"nested_groups = true"))
		w.want(w.attempt(c, "bob", "bob secret"), testbed.Refused, refusedText)
		w.want(w.attempt(c, "dan", "dan secret"), testbed.Connected, "")
		if err := c.Restart(); err != nil {
			t.Fatal(err)
		}
	}
}

// Users bind as the entry that a template names, or the account that searches
// is known by its user id: no password of a service account is anywhere.
func TestLDAPWithoutAnAccountsPassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	slapd := w.Slapd(testbed.SlapdOptions{})
	section := func(url, account string) string {
		return fmt.Sprintf("[login]\nbackend = \"ldap\"\nsecond_factor = \"none\"\n[ldap]\nurls = [%q]\nca_file = %q\nrequired_groups = [%q]\n%s\n",
			url, slapd.CAFile, testbed.LDAPVPNGroup, account)
	}
	w.configure(section(slapd.TLSURL, fmt.Sprintf("bind_template = %q", "uid={username},"+testbed.LDAPPeople)))
	c := w.Client(w.serve(testbed.ServerOptions{}), testbed.ClientOptions{})
	for _, account := range []string{"", fmt.Sprintf("bind_external = true\nbase_dn = %q", testbed.LDAPPeople)} {
		if account != "" {
			w.configure(section(slapd.Socket, account))
		}
		w.want(w.attempt(c, "ada", "not ada's"), testbed.Refused, refusedText)
		w.want(w.attempt(c, "bob", "bob secret"), testbed.Refused, refusedText)
		w.want(w.attempt(c, "smith, ann (it)", "ann's * secret"), testbed.Connected, "")
		if err := c.Restart(); err != nil {
			t.Fatal(err)
		}
		w.want(w.attempt(c, "ADA", "lovelace-1815"), testbed.Connected, "")
		w.logged(`user=ADA identity=ada .*verdict=accepted`)
		if err := c.Restart(); err != nil {
			t.Fatal(err)
		}
	}
}
