package ldap

import (
	"context"
	"crypto/tls"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ovpn-verify/backends/backendtest"
	"ovpn-verify/backends/backendtest/fakeldap"
)

var suiteVariants = map[string]func(*fakeldap.Options, *Config){
	"plain": func(*fakeldap.Options, *Config) {},
	"StartTLS": func(o *fakeldap.Options, c *Config) {
		o.TLS, c.StartTLS = &tls.Config{}, true
	},
	"LDAPS": func(o *fakeldap.Options, c *Config) {
		o.TLS, o.LDAPS = &tls.Config{}, true
	},
	"Unix socket": func(o *fakeldap.Options, c *Config) {
		o.Listen = "/"
	},
	"unauthenticated binds succeed there": func(o *fakeldap.Options, c *Config) {
		o.Unauthenticated = true
	},
	"groups are searched": func(o *fakeldap.Options, c *Config) {
		c.GroupBaseDN = fakeldap.ExampleGroupBaseDN
		c.RequiredGroups = []string{fakeldap.ExampleGroupDN}
	},
}

// TestSuite fills in the certificate and the socket's path.
func TestSuite(t *testing.T) {
	certificate, pem := newCertificate(t)
	for name, change := range suiteVariants {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, c := fakeldap.Example(), exampleConfig(t)
			c.CAFile = writeFile(t, "ca.pem", pem)
			change(&o, &c)
			if o.TLS != nil {
				o.TLS = certificate
			}
			if o.Listen != "" {
				o.Listen = filepath.Join(t.TempDir(), "ldapi")
			}
			s := start(t, o)
			c.URLs = []string{s.URL()}
			backendtest.Suite{
				Backend: newBackend(t, c), Username: "ada", Identity: "Ada", Password: fakeldap.ExampleUserPassword,
			}.Run(t)
			n := s.Counts()
			if (o.TLS != nil) != (n.Plaintext == 0) {
				t.Errorf("%d unencrypted requests", n.Plaintext)
			}
			if len(n.Binds) == 0 || slices.Contains(n.Binds, "") {
				t.Errorf("binds %q", n.Binds)
			}
		})
	}
}

func TestIdentityHasGroupsAndAttributes(t *testing.T) {
	t.Parallel()
	id, err := ada(t, newBackend(t, exampleConfig(t, start(t, fakeldap.Example()))))
	if err != nil {
		t.Fatal(err)
	}
	if id.Name != "Ada" || !slices.Contains(id.Groups, fakeldap.ExampleGroupDN) || len(id.Groups) != 2 {
		t.Errorf("%+v", id)
	}
	if mail := id.Attributes["mail"]; !slices.Equal(mail, []string{"ada@example.org"}) {
		t.Errorf("mail %q", mail)
	}
}

func TestNothingIsAskedAboutBadInput(t *testing.T) {
	t.Parallel()
	o := fakeldap.Example()
	o.Unauthenticated = true
	s := start(t, o)
	b := newBackend(t, exampleConfig(t, s))
	for name, c := range map[string]struct{ user, password string }{
		"empty password":      {"ada", ""},
		"NUL":                 {"ada", "\x00"},
		"NUL at the end":      {"ada", fakeldap.ExampleUserPassword + "\x00"},
		"empty name":          {"", "x"},
		"a name of 257 bytes": {strings.Repeat("a", 257), "x"},
		"a name not in UTF-8": {"ada\xff", "x"},
	} {
		id, err := login(t, b, c.user, c.password)
		if got := outcomeOf(t, id, err); got != refused {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
	if n := s.Counts(); n.Connections != 0 {
		t.Errorf("there were %d connections", n.Connections)
	}
}

func TestNoUnauthenticatedBindIsEverSent(t *testing.T) {
	t.Parallel()
	o := fakeldap.Example()
	o.Unauthenticated = true
	b := newBackend(t, exampleConfig(t, start(t, o)))
	s, err := b.open(t.Context(), &b.endpoints[0])
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	for dn, password := range map[string]string{fakeldap.ExampleUserDN: "", " ": "x", "": "x"} {
		// By its text it is our refusal: the library's comes too late for us.
		err := s.bindUser(t.Context(), dn, request("", password).Password)
		if err == nil || !strings.Contains(err.Error(), "a bind needs a name, and a password") {
			t.Errorf("a bind as %q with %q: %v", dn, password, err)
		}
	}
}

func TestStepsAreTraced(t *testing.T) {
	t.Parallel()
	certificate, pem := newCertificate(t)
	o := fakeldap.Example()
	o.TLS = certificate
	s := start(t, o)
	c := exampleConfig(t, s)
	c.StartTLS, c.CAFile = true, writeFile(t, "ca.pem", pem)
	c.GroupBaseDN = fakeldap.ExampleGroupBaseDN
	b := newBackend(t, c)
	var names []string
	for _, step := range stepsOf(t.Context(), func(ctx context.Context) {
		if _, err := b.CheckPassword(ctx, request("ada", fakeldap.ExampleUserPassword)); err != nil {
			t.Error(err)
		}
	}) {
		names = append(names, step.Name)
		if step.Server != s.URL() || step.Err != nil {
			t.Errorf("%+v", step)
		}
	}
	want := []string{"connect", "StartTLS", "bind service account", "search user", "search groups", "connect", "StartTLS", "bind user"}
	if !slices.Equal(names, want) {
		t.Errorf("steps %q, want %q", names, want)
	}
}
