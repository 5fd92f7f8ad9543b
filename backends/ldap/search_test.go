package ldap

import (
	"strings"
	"testing"

	"ovpn-verify/backends/backendtest/fakeldap"
)

// exampleAnd is the example directory with further entries.
func exampleAnd(entries ...fakeldap.Entry) fakeldap.Options {
	o := fakeldap.Example()
	o.Entries = append(o.Entries, entries...)
	return o
}

func person(dn string, uid ...string) fakeldap.Entry {
	return fakeldap.Entry{DN: dn, Password: fakeldap.ExampleUserPassword, Attributes: map[string][]string{"uid": uid}}
}

func TestWhichEntryIsTheUser(t *testing.T) {
	base := "," + fakeldap.ExampleBaseDN
	for name, c := range map[string]struct {
		options fakeldap.Options
		want    outcome
		text    string
	}{
		"two entries":      {exampleAnd(person("cn=other"+base, "ada")), refused, "more than one entry"},
		"three entries":    {exampleAnd(person("cn=x"+base, "ada"), person("cn=y"+base, "ada")), refused, "more than one entry"},
		"the size limit":   {exampleWith(fakeldap.SearchUser, fakeldap.Fault{Code: 4}), refused, "more than one entry"},
		"entry without DN": {fakeldap.Options{ServiceDN: fakeldap.ExampleServiceDN, Unauthenticated: true, Entries: []fakeldap.Entry{fakeldap.Example().Entries[0], person("", "ada")}}, refused, "an entry without a DN"},
		"DN of spaces":     {fakeldap.Options{ServiceDN: fakeldap.ExampleServiceDN, Unauthenticated: true, Entries: []fakeldap.Entry{fakeldap.Example().Entries[0], person("  ", "ada")}}, refused, "an entry without a DN"},
		"no base":          {fakeldap.Options{ServiceDN: fakeldap.ExampleServiceDN, Entries: fakeldap.Example().Entries[:1]}, down, "No Such Object (32)"},
		"time limit":       {exampleWith(fakeldap.SearchUser, fakeldap.Fault{Code: 3}), down, "Time Limit Exceeded (3)"},
		"referral":         {exampleWith(fakeldap.SearchUser, fakeldap.Fault{Code: 10}), down, "Referral (10)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, c.options)
			id, err := ada(t, newBackend(t, exampleConfig(t, s)))
			if got := outcomeOf(t, id, err); got != c.want || !strings.Contains(err.Error(), c.text) {
				t.Errorf("%s, %v", got, err)
			}
			if n := s.Counts(); len(n.Binds) != 1 {
				t.Errorf("binds %q", n.Binds)
			}
		})
	}
}

func TestNobodyIsAcceptedWithoutAName(t *testing.T) {
	t.Parallel()
	s := start(t, fakeldap.Example())
	for _, attribute := range []string{"employeeNumber", "memberOf2"} {
		c := exampleConfig(t, s)
		c.UsernameAttribute = attribute
		id, err := ada(t, newBackend(t, c))
		if got := outcomeOf(t, id, err); got != down || !strings.Contains(err.Error(), attribute) {
			t.Errorf("%s: %s, %v", attribute, got, err)
		}
	}
	if n := s.Counts(); len(n.Binds) != 2 {
		t.Errorf("the user's password was sent: binds %q", n.Binds)
	}
}

func TestTheIdentityDoesNotDependOnWhatWasTyped(t *testing.T) {
	base := "," + fakeldap.ExampleBaseDN
	for name, c := range map[string]struct {
		entry fakeldap.Entry
		want  string
	}{
		"the DN's value":           {person("uid=Grace"+base, "amazing", "grace", "hopper"), "grace"},
		"the DN's, escaped":        {person(`uid=h\c3\a9l\c3\a8ne\2c x`+base, "a", "Hélène, x", "hopper"), "Hélène, x"},
		"one of the DN's values":   {person("cn=a+UID=hopper"+base, "amazing", "grace", "hopper"), "hopper"},
		"another attribute's DN":   {person("cn=hopper"+base, "hopper", "amazing", "grace"), "amazing"},
		"the DN's is not a value":  {person("uid=gone"+base, "hopper", "grace"), "grace"},
		"what breaks lines is out": {person("cn=x"+base, "hopper", "a\nb", "", " c", "\xff", "grace"), "grace"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBackend(t, exampleConfig(t, start(t, exampleAnd(c.entry))))
			for _, typed := range c.entry.Attributes["uid"] {
				if typed == "" || typed == "\xff" {
					continue
				}
				id, err := login(t, b, strings.ToUpper(typed), fakeldap.ExampleUserPassword)
				if err != nil || id.Name != c.want {
					t.Errorf("typed %q: %q, %v", typed, id.Name, err)
				}
			}
		})
	}
}
