package ldap

import (
	"slices"
	"strings"
	"testing"

	"ovpn-verify/backends/backendtest/fakeldap"
)

// sid is a user's or group's identifier in one domain.
func sid(last byte) string {
	return "\x01\x02\x00\x00\x00\x00\x00\x05\x15\x00\x00\x00" + string([]byte{last, 2, 0, 0})
}

const (
	domainUsers = "CN=Domain Users,CN=Users,DC=example,DC=org"
	adPeople    = "OU=People,DC=example,DC=org"
)

// adDirectory has ada, whose primary group is Domain Users.
func adDirectory() fakeldap.Options {
	o := fakeldap.Example()
	user := func(cn, account, upn string, id byte) fakeldap.Entry {
		return fakeldap.Entry{
			DN: "CN=" + cn + "," + adPeople, Password: fakeldap.ExampleUserPassword,
			Attributes: map[string][]string{
				"objectCategory": {"person"}, "objectClass": {"user"}, "sAMAccountName": {account},
				"userPrincipalName": {upn}, "objectSid": {sid(id)}, "primaryGroupID": {"513"},
			},
		}
	}
	o.Entries = append(o.Entries,
		user("Ada Lovelace", "Ada", "ada.lovelace@corp.example", 7),
		user("Bob", "bob", "bob@example.org", 8),
		fakeldap.Entry{DN: domainUsers, Attributes: map[string][]string{"objectSid": {sid(1)}}},
	)
	return o
}

func adConfig(t *testing.T, s *fakeldap.Server) Config {
	c := exampleConfig(t, s)
	c.Schema, c.BaseDN = schemaAD, adPeople
	return c
}

func TestActiveDirectoryNames(t *testing.T) {
	t.Parallel()
	b := newBackend(t, adConfig(t, start(t, adDirectory())))
	for typed, want := range map[string]string{
		"ada": "Ada", "ADA": "Ada", `EXAMPLE\ada`: "Ada", "ada@Example.ORG": "Ada", "ada.lovelace@corp.example": "Ada",
		"bob@example.org":  "bob",
		"ada@corp.example": "", "ada@example.org.evil": "", "ada@": "", "@example.org": "", `EXAMPLE\`: "", `\ada`: "",
		`EXAMPLE\X\ada`: "", "ada@example.org@example.org": "",
	} {
		id, err := login(t, b, typed, fakeldap.ExampleUserPassword)
		if id.Name != want || want == "" && outcomeOf(t, id, err) != refused {
			t.Errorf("%q is %q, %v; want %q", typed, id.Name, err, want)
		}
	}
}

func TestNamesElsewhereHaveNoDomain(t *testing.T) {
	t.Parallel()
	b := newBackend(t, exampleConfig(t, start(t, fakeldap.Example())))
	for _, typed := range []string{`EXAMPLE\ada`, "ada@example.org"} {
		if id, err := login(t, b, typed, fakeldap.ExampleUserPassword); outcomeOf(t, id, err) != refused {
			t.Errorf("%q: %v", typed, err)
		}
	}
}

func TestActiveDirectoryPrimaryGroup(t *testing.T) {
	t.Parallel()
	o := adDirectory()
	c := adConfig(t, start(t, o))
	c.RequiredGroups = []string{strings.ToLower(domainUsers)}
	id, err := ada(t, newBackend(t, c))
	if err != nil || !slices.Equal(id.Groups, []string{domainUsers}) || id.Attributes[attributeObjectSID] != nil {
		t.Errorf("%+v, %v", id, err)
	}
	o = adDirectory()
	o.Entries[len(o.Entries)-1].Attributes["objectSid"] = []string{sid(2)} // 514, not 513
	c.URLs = []string{start(t, o).URL()}
	if id, err := ada(t, newBackend(t, c)); outcomeOf(t, id, err) != refused {
		t.Errorf("another group: %v", err)
	}
}

func TestIdentifiersThatAreNone(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(map[string][]string){
		"no identifier":     func(a map[string][]string) { delete(a, "objectSid") },
		"no primary group":  func(a map[string][]string) { delete(a, "primaryGroupID") },
		"two groups":        func(a map[string][]string) { a["primaryGroupID"] = []string{"513", "513"} },
		"a group too large": func(a map[string][]string) { a["primaryGroupID"] = []string{"4294967296"} },
		"no number":         func(a map[string][]string) { a["primaryGroupID"] = []string{"-1"} },
		"cut short":         func(a map[string][]string) { a["objectSid"] = []string{sid(7)[:14]} },
		"nothing in it":     func(a map[string][]string) { a["objectSid"] = []string{"\x01\x00\x00\x00\x00\x00\x00\x05"} },
	} {
		o := adDirectory()
		change(o.Entries[4].Attributes)
		id, err := ada(t, newBackend(t, adConfig(t, start(t, o))))
		if err != nil || len(id.Groups) != 0 {
			t.Errorf("%s: %+v, %v", name, id, err)
		}
	}
}

func TestPresets(t *testing.T) {
	for schema, p := range presets {
		c := validConfig()
		c.Schema = schema
		r := c.Resolved()
		if err := c.Validate(); err != nil || r.UserFilter != p.userFilter || r.UsernameAttribute != p.usernameAttribute || r.GroupFilter != p.groupFilter {
			t.Errorf("%s: %+v, %v", schema, r, err)
		}
		c.UserFilter, c.UsernameAttribute, c.GroupFilter = "(cn={username})", "cn", "(uniqueMember={dn})"
		if r := c.Resolved(); r.UserFilter != c.UserFilter || r.UsernameAttribute != "cn" || r.GroupFilter != c.GroupFilter {
			t.Errorf("%s overrides what is written: %+v", schema, r)
		}
	}
}

func TestFreeIPA(t *testing.T) {
	t.Parallel()
	o := fakeldap.Example()
	o.Entries[1].Attributes["objectClass"] = []string{"posixAccount"}
	c := exampleConfig(t, start(t, o))
	c.Schema = schemaFreeIPA
	b := newBackend(t, c)
	if id, err := ada(t, b); outcomeOf(t, id, err) != accepted {
		t.Error(err)
	}
	if id, err := login(t, b, "bob", "battery staple"); outcomeOf(t, id, err) != refused {
		t.Errorf("bob is no posixAccount: %v", err)
	}
}

func TestNoDomainIsNobodysDomain(t *testing.T) {
	c := Config{Schema: schemaAD, BaseDN: "o=example"}
	if got := c.account("ada@"); got != "ada@" {
		t.Errorf("%q", got)
	}
}
