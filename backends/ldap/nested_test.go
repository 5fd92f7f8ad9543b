package ldap

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"ovpn-verify/backends/backendtest/fakeldap"
)

func groupDN(cn string) string { return "cn=" + cn + "," + fakeldap.ExampleGroupBaseDN }

// group has members, and is in others as a directory with memberOf shows it.
func group(cn string, members, in []string) fakeldap.Entry {
	return fakeldap.Entry{DN: groupDN(cn), Attributes: map[string][]string{"member": members, "uniqueMember": members, "memberOf": in}}
}

// circle is a directory in which Ada is in inner, inner in middle, middle in
// outer, and outer in inner.
func circle() fakeldap.Options {
	o := exampleAnd(
		group("inner", []string{fakeldap.ExampleUserDN, groupDN("outer")}, []string{groupDN("middle")}),
		group("middle", []string{groupDN("inner")}, []string{groupDN("outer")}),
		group("outer", []string{groupDN("middle")}, []string{groupDN("inner")}),
	)
	o.Entries[1].Attributes["memberOf"] = []string{groupDN("inner")}
	return o
}

func TestGroupsInGroups(t *testing.T) {
	t.Parallel()
	s := start(t, circle())
	for name, change := range map[string]func(*Config){
		"memberOf":     func(c *Config) {},
		"member":       func(c *Config) { c.GroupBaseDN = fakeldap.ExampleGroupBaseDN },
		"uniqueMember": func(c *Config) { c.GroupBaseDN, c.GroupFilter = fakeldap.ExampleGroupBaseDN, "(uniqueMember={dn})" },
		"any of them": func(c *Config) {
			c.GroupBaseDN, c.GroupFilter = fakeldap.ExampleGroupBaseDN, "(|(member={dn})(uniqueMember={dn})(memberUid={username}))"
		},
		"the server's rule": func(c *Config) {
			c.GroupBaseDN, c.GroupFilter = fakeldap.ExampleGroupBaseDN, "(member:"+ruleInChain+":={dn})"
		},
	} {
		c := exampleConfig(t, s)
		c.RequiredGroups = []string{groupDN("outer")}
		change(&c)
		if id, err := ada(t, newBackend(t, c)); outcomeOf(t, id, err) != refused && name != "the server's rule" {
			t.Errorf("%s, not nested: %v, %v", name, id, err)
		}
		c.NestedGroups = true
		id, err := ada(t, newBackend(t, c))
		if outcomeOf(t, id, err) != accepted || !slices.Contains(id.Groups, groupDN("middle")) || len(id.Groups) > 4 {
			t.Errorf("%s: %q, %v", name, id.Groups, err)
		}
		if id, err := login(t, newBackend(t, c), "bob", "battery staple"); outcomeOf(t, id, err) != refused {
			t.Errorf("%s: bob got in", name)
		}
	}
}

// TestActiveDirectoryGroupsInGroups has the user in a group by her primary
// group alone, which is in it.
func TestActiveDirectoryGroupsInGroups(t *testing.T) {
	t.Parallel()
	o := adDirectory()
	vpn := "CN=VPN,OU=Groups,DC=example,DC=org"
	o.Entries = append(o.Entries,
		fakeldap.Entry{DN: "CN=Staff,OU=Groups,DC=example,DC=org", Attributes: map[string][]string{"member": {domainUsers}}},
		fakeldap.Entry{DN: vpn, Attributes: map[string][]string{"member": {"CN=Staff,OU=Groups,DC=example,DC=org"}}})
	c := adConfig(t, start(t, o))
	c.RequiredGroups, c.NestedGroups = []string{vpn}, true
	if id, err := ada(t, newBackend(t, c)); outcomeOf(t, id, err) != accepted {
		t.Errorf("%+v, %v", id, err)
	}
}

// TestGroupsWithoutEnd builds a tower of groups, and a group in too many.
func TestGroupsWithoutEnd(t *testing.T) {
	t.Parallel()
	tower := fakeldap.Example()
	tower.Entries[1].Attributes["memberOf"] = []string{groupDN("0")}
	for i := range maxNesting + 1 {
		tower.Entries = append(tower.Entries, group(fmt.Sprint(i), nil, []string{groupDN(fmt.Sprint(i + 1))}))
	}
	wide := fakeldap.Example()
	var all []string
	for i := range maxGroups + 1 {
		all = append(all, groupDN(fmt.Sprint(i)))
	}
	wide.Entries[1].Attributes["memberOf"] = []string{groupDN("wide")}
	wide.Entries = append(wide.Entries, group("wide", nil, all))
	for want, o := range map[string]fakeldap.Options{errTooNested.Error(): tower, errTooManyEntries.Error(): wide} {
		s := start(t, o)
		c := exampleConfig(t, s)
		c.NestedGroups = true
		id, err := ada(t, newBackend(t, c))
		if got := outcomeOf(t, id, err); got != down || !strings.Contains(err.Error(), want) {
			t.Errorf("%s, %v; want %s", got, err, want)
		}
		if n := len(s.Counts().Searches); n > maxNesting+2 {
			t.Errorf("%d searches", n)
		}
	}
}

func TestAFailingNestedSearchCostsNoAttempt(t *testing.T) {
	t.Parallel()
	o := circle()
	o.Faults = map[fakeldap.Step]fakeldap.Fault{fakeldap.SearchGroups: {Code: 51}}
	s := start(t, o)
	c := exampleConfig(t, s)
	c.NestedGroups = true
	if id, err := ada(t, newBackend(t, c)); outcomeOf(t, id, err) != down || len(s.Counts().Binds) != 1 {
		t.Errorf("%v, %q", err, s.Counts().Binds)
	}
}
