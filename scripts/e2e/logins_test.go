//go:build e2e

package e2e_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"ovpn-verify/backends/backendtest/fakeradius"
	"ovpn-verify/scripts/testbed"
)

const fileSection = `[login]
backend = "file"
second_factor = "none"
`

func ldapSection(s *testbed.Slapd, login, more string) string {
	return fmt.Sprintf(`[login]
backend = "ldap"
%s
[ldap]
urls = [%q]
ca_file = %q
bind_dn = %q
bind_password_file = "ldap.secret"
base_dn = %q
required_groups = [%q]
%s
`, login, s.TLSURL, s.CAFile, testbed.LDAPBindDN, testbed.LDAPPeople, testbed.LDAPVPNGroup, more)
}

func radiusSection(addresses ...string) string {
	return fmt.Sprintf(`[login]
backend = "radius"
second_factor = "none"
[radius]
servers = %s
secret_file = "radius.secret"
timeout = "500ms"
retries = 1
`, `["`+strings.Join(addresses, `", "`)+`"]`)
}

// passwords tries what every backend must do alike.
func (w *world) passwords(user, password string) {
	w.t.Helper()
	c := w.Client(w.serve(testbed.ServerOptions{}), testbed.ClientOptions{})
	w.want(w.attempt(c, user, "not-"+password), testbed.Refused, refusedText)
	w.want(w.attempt(c, user, ""), testbed.Refused, refusedText)
	w.want(w.attempt(c, "no-such-user", password), testbed.Refused, refusedText)
	w.want(w.attempt(c, user, password), testbed.Connected, "")
	w.logged(`user=` + user + ` .*verdict=refused .*cause="the password is empty`)
	w.logged(`user=no-such-user .*verdict=refused`)
	w.logged(`user=` + user + ` identity=` + user + ` ip=10\.\S+ .*verdict=accepted`)
}

func TestFilePasswords(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.configure(fileSection)
	w.run("lovelace-1815\n", "user", "add", "ada", "--password-stdin")
	w.passwords("ada", "lovelace-1815")
}

func TestLDAPPasswords(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.configure(ldapSection(w.Slapd(testbed.SlapdOptions{}), `second_factor = "none"`, ""))
	w.passwords("ada", "lovelace-1815")
}

func TestRADIUSPasswords(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.configure(radiusSection(w.Radius(testbed.RadiusOptions{}).Addr))
	w.passwords("ada", "lovelace-1815")
}

func TestLDAPNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	slapd := w.Slapd(testbed.SlapdOptions{})
	w.configure(ldapSection(slapd, `second_factor = "none"`, ""))
	// Longer or stranger names than OpenVPN lets through as a common name.
	c := w.Client(w.serve(testbed.ServerOptions{}), testbed.ClientOptions{})
	for _, u := range testbed.DirectoryUsers {
		if u.UID != "zoë" && u.UID != "smith, ann (it)" {
			continue
		}
		w.want(w.attempt(c, u.UID, u.Password), testbed.Connected, "")
		if err := c.Restart(); err != nil {
			t.Fatal(err)
		}
		w.logged(regexp.QuoteMeta(u.UID) + `.*verdict=accepted`)
	}
	w.want(w.attempt(c, "*", "lovelace-1815"), testbed.Refused, refusedText)
	w.want(w.attempt(c, "ada)(uid=*", "lovelace-1815"), testbed.Refused, refusedText)
}

func TestLDAPGroup(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.configure(ldapSection(w.Slapd(testbed.SlapdOptions{}), `second_factor = "none"`, ""))
	c := w.Client(w.serve(testbed.ServerOptions{}), testbed.ClientOptions{})
	w.want(w.attempt(c, "bob", "bob secret"), testbed.Refused, refusedText)
	w.logged(`user=bob .*verdict=refused .*group`)
}

func TestLDAPStartTLS(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	slapd := w.Slapd(testbed.SlapdOptions{})
	slapd.TLSURL = slapd.URL
	w.configure(ldapSection(slapd, `second_factor = "none"`, "start_tls = true"))
	c := w.Client(w.serve(testbed.ServerOptions{}), testbed.ClientOptions{})
	w.want(w.attempt(c, "ada", "lovelace-1815"), testbed.Connected, "")
	// A certificate of another CA: an outage, and no password crosses.
	other, err := testbed.NewCA("another CA")
	if err != nil {
		t.Fatal(err)
	}
	w.write("other.pem", string(other.PEM()))
	slapd.CAFile = w.path("other.pem")
	w.configure(ldapSection(slapd, `second_factor = "none"`, "start_tls = true"))
	if err := c.Restart(); err != nil {
		t.Fatal(err)
	}
	w.want(w.attempt(c, "ada", "lovelace-1815"), testbed.Temporary, unavailableText)
	w.logged(`verdict=unavailable .*certificate`)
}

func TestStaticChallenge(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.configure(ldapSection(w.Slapd(testbed.SlapdOptions{}), `second_factor = "totp"`, ""))
	w.enroll("ada")
	c := w.Client(w.serve(testbed.ServerOptions{}), testbed.ClientOptions{StaticChallenge: "Code", Echo: true})
	static := func(code string) testbed.Event {
		return w.attempt(c, "ada", testbed.Static("lovelace-1815", code))
	}
	w.want(static("000000"), testbed.Refused, refusedText)
	w.logged(`field=static .*verdict=refused .*wrong code`)
	code := w.code("ada")
	w.want(static(code), testbed.Connected, "")
	w.logged(`field=static factor=totp verdict=accepted`)
	if err := c.Restart(); err != nil {
		t.Fatal(err)
	}
	w.want(static(code), testbed.Refused, refusedText)
	w.logged(`field=static .*verdict=refused .*used before`)
}

func TestDynamicChallenge(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	slapd := w.Slapd(testbed.SlapdOptions{})
	w.configure(ldapSection(slapd, "second_factor = \"totp\"\nchallenge_ttl = \"5s\"", ""))
	w.enroll("ada")
	c := w.Client(w.serve(testbed.ServerOptions{}), testbed.ClientOptions{})
	ask := func() *testbed.Challenge {
		e := w.attempt(c, "ada", "lovelace-1815")
		w.want(e, testbed.Challenged, "")
		if q := e.Challenge; q == nil || q.Text != "Enter the code from your authenticator app" || q.Echo || !q.Response || q.User != "ada" {
			t.Fatalf("asked %+v", q)
		}
		return e.Challenge
	}
	answer := func(q *testbed.Challenge, code string) testbed.Event {
		return w.attempt(c, q.User, testbed.Dynamic(q.State, code))
	}
	w.want(answer(ask(), "000000"), testbed.Refused, refusedText)
	w.logged(`field=dynamic .*verdict=refused .*wrong code`)

	// Another user with ada's state and ada's code.
	stolen := *ask()
	stolen.User = "bob"
	w.want(answer(&stolen, w.code("ada")), testbed.Refused, refusedText)
	w.logged(`user=bob .*verdict=refused .*belongs to`)

	late := ask()
	time.Sleep(5100 * time.Millisecond)
	w.want(answer(late, w.code("ada")), testbed.Refused, refusedText)
	w.logged(`verdict=refused .*(challenge_ttl|answered before)`)

	w.want(answer(ask(), w.code("ada")), testbed.Connected, "")
	w.logged(`field=dynamic factor=totp verdict=accepted`)
}

func TestRADIUSChallenge(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.configure(radiusSection(w.Radius(testbed.RadiusOptions{}).Addr))
	w.radiusUsers()
}

// radiusUsers has each of them log in, through as many questions as there are.
func (w *world) radiusUsers() {
	w.t.Helper()
	c := w.Client(w.serve(testbed.ServerOptions{}), testbed.ClientOptions{})
	for _, u := range testbed.RadiusUsers {
		e := w.attempt(c, u.Name, u.Password)
		for _, round := range u.Rounds {
			w.want(e, testbed.Challenged, "")
			if q := e.Challenge; q == nil || q.Text != round.Prompt || q.Echo != round.Echo {
				w.t.Fatalf("%s was asked %+v, want %+v", u.Name, q, round)
			}
			e = w.attempt(c, u.Name, testbed.Dynamic(e.Challenge.State, round.Answer))
		}
		w.want(e, testbed.Connected, "")
		if err := c.Restart(); err != nil {
			w.t.Fatal(err)
		}
		w.logged(`user=` + u.Name + ` .*verdict=accepted`)
	}
	e := w.attempt(c, "carol", "carol secret")
	w.want(w.attempt(c, "carol", testbed.Dynamic(e.Challenge.State, "000000")), testbed.Refused, refusedText)
}

func TestRADIUSWithoutMessageAuthenticator(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.configure(radiusSection(w.Radius(testbed.RadiusOptions{NoMessageAuthenticator: true}).Addr))
	c := w.Client(w.serve(testbed.ServerOptions{}), testbed.ClientOptions{})
	w.want(w.attempt(c, "ada", "lovelace-1815"), testbed.Temporary, unavailableText)
	w.logged(`verdict=unavailable .*Message-Authenticator`)
}

// FreeRADIUS cannot be made to sign wrongly, so this answer comes from a fake.
func TestRADIUSWithWrongMessageAuthenticator(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.configure(radiusSection(w.fakeRADIUS(fakeradius.Options{
		Secret: testbed.RadiusSecret, AcceptAll: true, Answers: []fakeradius.Kind{fakeradius.WrongMessageAuthenticator},
	})))
	c := w.Client(w.serve(testbed.ServerOptions{}), testbed.ClientOptions{})
	w.want(w.attempt(c, "ada", "lovelace-1815"), testbed.Temporary, unavailableText)
	w.logged(`verdict=unavailable .*wrong Message-Authenticator`)
}

// A server with another shared secret drops what it cannot verify, and is silent.
func TestRADIUSWithAnotherSecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.configure(radiusSection(w.Radius(testbed.RadiusOptions{}).Addr))
	w.write("radius.secret", "another secret")
	c := w.Client(w.serve(testbed.ServerOptions{}), testbed.ClientOptions{})
	w.want(w.attempt(c, "ada", "lovelace-1815"), testbed.Temporary, unavailableText)
	w.logged(`verdict=unavailable .*secret`)
}
