package ldap

import (
	"strings"
	"testing"

	goldap "github.com/go-ldap/ldap/v3"

	"ovpn-verify/backends/backendtest"
	"ovpn-verify/backends/backendtest/fakeldap"
)

const exampleTemplate = "uid={username}," + fakeldap.ExampleBaseDN

// selfService is the example directory in which users read what is their own.
func selfService() fakeldap.Options {
	o := fakeldap.Example()
	o.SelfRead = true
	return o
}

func templateConfig(t *testing.T, servers ...*fakeldap.Server) Config {
	c := exampleConfig(t, servers...)
	c.BindDN, c.BindPasswordFile, c.BaseDN, c.BindTemplate = "", "", "", exampleTemplate
	return c
}

func TestDirectBindSuite(t *testing.T) {
	t.Parallel()
	o := selfService()
	o.Unauthenticated = true
	s := start(t, o)
	c := templateConfig(t, s)
	c.RequiredGroups = []string{fakeldap.ExampleGroupDN}
	backendtest.Suite{
		Backend: newBackend(t, c), Username: "ADA", Identity: "Ada", Password: fakeldap.ExampleUserPassword,
	}.Run(t)
	if n := s.Counts(); countOf(n.Binds, fakeldap.ExampleServiceDN) != 0 || countOf(n.Binds, "") != 0 {
		t.Errorf("binds %q", n.Binds)
	}
}

func TestDirectBind(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options  func(*fakeldap.Options)
		required string
		want     outcome
		text     string
	}{
		"member":           {func(*fakeldap.Options) {}, fakeldap.ExampleGroupDN, accepted, ""},
		"not a member":     {func(*fakeldap.Options) {}, "cn=other,dc=org", refused, "required_groups"},
		"entry not shown":  {func(o *fakeldap.Options) { o.SelfRead = false }, fakeldap.ExampleGroupDN, down, "Insufficient"},
		"must change":      {func(o *fakeldap.Options) { o.Entries[1].Right = controls(0, policyError(2)) }, fakeldap.ExampleGroupDN, refused, "after a reset"},
		"expired":          {func(o *fakeldap.Options) { o.Entries[1].Right = activeDirectory("532") }, fakeldap.ExampleGroupDN, refused, "data 532"},
		"busy":             {func(o *fakeldap.Options) { o.Entries[1].Right = fakeldap.Fault{Code: 51} }, fakeldap.ExampleGroupDN, down, "Busy"},
		"without its name": {func(o *fakeldap.Options) { delete(o.Entries[1].Attributes, "uid") }, fakeldap.ExampleGroupDN, down, "no usable uid"},
	} {
		o := selfService()
		c.options(&o)
		config := templateConfig(t, start(t, o))
		config.RequiredGroups = []string{c.required}
		id, err := ada(t, newBackend(t, config))
		if got := outcomeOf(t, id, err); got != c.want || err != nil && !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
}

// FuzzTemplate holds that whatever a user is called, the DN is the template's,
// with the name as its one value.
func FuzzTemplate(f *testing.F) {
	for _, s := range []string{"ada", "ada,ou=admins", "a+uid=b", `\`, "#04", " a ", "a=b", "\x00", "é", `"`, ";", "{username}", "<>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if checkRequest(request(name, "x")) != nil {
			return
		}
		dn, err := goldap.ParseDN(expandDN("uid={username},ou=people", name))
		if err != nil {
			t.Fatalf("%q: %v", name, err)
		}
		if len(dn.RDNs) != 2 || len(dn.RDNs[0].Attributes) != 1 || dn.RDNs[0].Attributes[0].Value != name {
			t.Errorf("%q becomes %v", name, dn)
		}
	})
}

func TestExternal(t *testing.T) {
	t.Parallel()
	for code, want := range map[uint16]outcome{0: accepted, 49: down, 7: down} {
		o := fakeldap.Example()
		o.Listen, o.External = t.TempDir()+"/ldapi", true
		o.Faults = map[fakeldap.Step]fakeldap.Fault{fakeldap.ServiceBind: {Code: code}}
		c := exampleConfig(t, start(t, o))
		c.BindDN, c.BindPasswordFile, c.BindExternal = "", "", true
		id, err := ada(t, newBackend(t, c))
		if got := outcomeOf(t, id, err); got != want || err != nil && !strings.Contains(err.Error(), "EXTERNAL: ") {
			t.Errorf("%d: %s, %v", code, got, err)
		}
	}
}

func TestExternalNeedsAProperAnswer(t *testing.T) {
	t.Parallel()
	for _, m := range []fakeldap.Manner{fakeldap.NoCode, fakeldap.LongCode, fakeldap.WrongOp, fakeldap.Twice} {
		o := exampleWith(fakeldap.ServiceBind, fakeldap.Fault{Manner: m})
		o.Listen, o.External = t.TempDir()+"/ldapi", true
		c := exampleConfig(t, start(t, o))
		c.BindDN, c.BindPasswordFile, c.BindExternal = "", "", true
		if id, err := ada(t, newBackend(t, c)); outcomeOf(t, id, err) != down {
			t.Errorf("%s: %v", m, err)
		}
	}
}
