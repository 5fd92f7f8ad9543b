package ldap

import (
	"strings"
	"testing"

	"ovpn-verify/backends/backendtest/fakeldap"
)

func TestRequiredGroups(t *testing.T) {
	t.Parallel()
	s := start(t, fakeldap.Example())
	searched := func(filter string) func(*Config) {
		return func(c *Config) { c.GroupBaseDN, c.GroupFilter = fakeldap.ExampleGroupBaseDN, filter }
	}
	memberOf := func(*Config) {}
	for name, c := range map[string]struct {
		user, password string
		required       []string
		change         func(*Config)
		want           outcome
		text           string
	}{
		"member":                 {"ada", "correct horse", []string{"CN=VPN, ou=Groups,dc=example,dc=org"}, memberOf, accepted, ""},
		"member of the second":   {"ada", "correct horse", []string{"cn=x,dc=org", fakeldap.ExampleGroupDN}, memberOf, accepted, ""},
		"not a member":           {"bob", "battery staple", []string{fakeldap.ExampleGroupDN}, memberOf, refused, "required_groups"},
		"of a group below only":  {"ada", "correct horse", []string{"ou=groups,dc=example,dc=org"}, memberOf, refused, "required_groups"},
		"of a longer name only":  {"ada", "correct horse", []string{"cn=vp,ou=groups,dc=example,dc=org"}, memberOf, refused, "required_groups"},
		"wrong password":         {"bob", "wrong horse", []string{fakeldap.ExampleGroupDN}, memberOf, refused, "Invalid Credentials"},
		"search by DN":           {"ada", "correct horse", []string{fakeldap.ExampleGroupDN}, searched("(member={dn})"), accepted, ""},
		"search by identity":     {"ADA", "correct horse", []string{fakeldap.ExampleGroupDN}, searched("(memberUid={username})"), accepted, ""},
		"search, not a member":   {"bob", "battery staple", []string{fakeldap.ExampleGroupDN}, searched("(member={dn})"), refused, "required_groups"},
		"search, wrong password": {"bob", "wrong horse", []string{fakeldap.ExampleGroupDN}, searched("(member={dn})"), refused, "Invalid Credentials"},
		"search, memberOf lies":  {"ada", "correct horse", []string{"cn=staff,ou=groups,dc=example,dc=org"}, searched("(member={dn})"), refused, "required_groups"},
	} {
		config := exampleConfig(t, s)
		config.RequiredGroups = c.required
		c.change(&config)
		id, err := login(t, newBackend(t, config), c.user, c.password)
		got := outcomeOf(t, id, err)
		if got != c.want || err != nil && !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
}

func TestAFailingGroupSearchCostsNoAttempt(t *testing.T) {
	t.Parallel()
	for _, f := range []fakeldap.Fault{{Code: 4}, {Code: 50}, {Code: 51}, {Manner: fakeldap.Close}} {
		s := start(t, exampleWith(fakeldap.SearchGroups, f))
		c := exampleConfig(t, s)
		c.GroupBaseDN = fakeldap.ExampleGroupBaseDN
		c.RequiredGroups = []string{fakeldap.ExampleGroupDN}
		id, err := ada(t, newBackend(t, c))
		if got := outcomeOf(t, id, err); got != down {
			t.Errorf("%+v: %s, %v", f, got, err)
		}
		if n := s.Counts(); len(n.Binds) != 1 {
			t.Errorf("%+v: binds %q", f, n.Binds)
		}
	}
}

// TestTheGroupSearchUsesTheIdentity holds that a second name of one's own,
// which is also another's group name, does not lead to that one's groups.
func TestTheGroupSearchUsesTheIdentity(t *testing.T) {
	t.Parallel()
	mallory := person("uid=mallory,"+fakeldap.ExampleBaseDN, "mallory")
	mallory.Attributes["mail"] = []string{"Root"}
	s := start(t, exampleAnd(mallory, fakeldap.Entry{
		DN: "cn=admins," + fakeldap.ExampleGroupBaseDN, Attributes: map[string][]string{"memberUid": {"root"}},
	}))
	c := exampleConfig(t, s)
	c.UserFilter = "(|(uid={username})(mail={username}))"
	c.GroupBaseDN, c.GroupFilter = fakeldap.ExampleGroupBaseDN, "(memberUid={username})"
	c.RequiredGroups = []string{"cn=admins," + fakeldap.ExampleGroupBaseDN}
	id, err := login(t, newBackend(t, c), "root", fakeldap.ExampleUserPassword)
	if got := outcomeOf(t, id, err); got != refused {
		t.Errorf("%s, %+v, %v", got, id, err)
	}
}
