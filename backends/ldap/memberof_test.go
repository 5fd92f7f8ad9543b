package ldap

import (
	"fmt"
	"strings"
	"testing"

	"ovpn-verify/backends/backendtest/fakeldap"
)

// inMany is the example directory with Ada in the group vpn and 1,700 others
// before it.
func inMany() fakeldap.Options {
	o := fakeldap.Example()
	var all []string
	for i := range 1700 {
		dn := groupDN(fmt.Sprintf("g%d", i))
		all = append(all, dn)
		o.Entries = append(o.Entries, fakeldap.Entry{DN: dn, Attributes: map[string][]string{"member": {fakeldap.ExampleUserDN}}})
	}
	o.Entries[1].Attributes["memberOf"] = append(all, fakeldap.ExampleGroupDN)
	return o
}

func TestMemberOfComesInRanges(t *testing.T) {
	t.Parallel()
	o := inMany()
	o.MaxValues = 700
	s := start(t, o)
	c := exampleConfig(t, s)
	c.RequiredGroups = []string{fakeldap.ExampleGroupDN}
	id, err := ada(t, newBackend(t, c))
	if outcomeOf(t, id, err) != accepted || len(id.Groups) != 1701 || len(s.Counts().Searches) != 3 {
		t.Errorf("%d groups, %d searches, %v", len(id.Groups), len(s.Counts().Searches), err)
	}
}

func TestGroupsComeInPages(t *testing.T) {
	t.Parallel()
	o := inMany()
	o.MaxEntries = 600
	s := start(t, o)
	c := exampleConfig(t, s)
	c.GroupBaseDN, c.RequiredGroups = fakeldap.ExampleGroupBaseDN, []string{groupDN("g1699")}
	id, err := ada(t, newBackend(t, c))
	if outcomeOf(t, id, err) != accepted || len(id.Groups) != 1701 || len(s.Counts().Searches) != 5 {
		t.Errorf("%d groups, %d searches, %v", len(id.Groups), len(s.Counts().Searches), err)
	}
}

func TestReferralsAreNotFollowedAndSaidSo(t *testing.T) {
	t.Parallel()
	elsewhere := start(t, fakeldap.Example())
	o := fakeldap.Example()
	o.Referral = elsewhere.URL() + "/" + fakeldap.ExampleBaseDN
	b := newBackend(t, exampleConfig(t, start(t, o)))
	if id, err := ada(t, b); outcomeOf(t, id, err) != accepted {
		t.Errorf("%v", err)
	}
	id, err := login(t, b, "nobody", "x")
	if outcomeOf(t, id, err) != refused || !strings.Contains(err.Error(), "matches no entry, and the server's referrals, such as \""+elsewhere.URL()) {
		t.Errorf("%v", err)
	}
	b = newBackend(t, exampleConfig(t, start(t, exampleWith(fakeldap.SearchUser, fakeldap.Fault{Code: 10}))))
	if id, err = ada(t, b); outcomeOf(t, id, err) != down || !strings.Contains(err.Error(), "referrals are not followed; name the server") {
		t.Errorf("%v", err)
	}
	if n := elsewhere.Counts().Connections; n != 0 {
		t.Errorf("%d connections to the other server", n)
	}
}
