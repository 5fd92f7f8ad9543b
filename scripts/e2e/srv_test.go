//go:build e2e

package e2e_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"ovpn-verify/scripts/testbed"
)

// The domain's records name the servers, and the first of them is down. What
// the name server says, or not, about other domains is an outage and no refusal.
func TestLDAPServersFromDNS(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	slapd := w.Slapd(testbed.SlapdOptions{Cert: testbed.Cert{Name: "up.example.org", Hosts: []string{"up.example.org"}}})
	port := regexp.MustCompile(`[0-9]+$`).FindString(slapd.URL)
	dns, err := w.StartDNS(
		"host-record=up.example.org,127.0.0.1", "host-record=down.example.org,127.0.0.1", "host-record=elsewhere.test,127.0.0.1",
		"srv-host=_ldap._tcp.example.org,up.example.org,"+port+",20",
		"srv-host=_ldap._tcp.example.org,down.example.org,9,10",
		"srv-host=_ldap._tcp.none.example.org",
		"srv-host=_ldap._tcp.forged.example.org,elsewhere.test,"+port+",10",
	)
	if err != nil {
		t.Fatal(err)
	}
	domain := func(name string) {
		t.Helper()
		slapd.TLSURL = "srv://" + name
		w.configure(ldapSection(slapd, `second_factor = "none"`, "start_tls = true\ntimeout = \"1s\""))
	}
	for name, cause := range map[string]string{
		"none.example.org":   "none of 1 records names a server in the domain",
		"absent.example.org": "no such host",
		"forged.example.org": "none of 1 records names a server in the domain",
	} {
		domain(name)
		if c := w.check("ada", "lovelace-1815", dns.Wrap()...); !c.is("unavailable", cause) || !strings.HasSuffix(unavailableText, c.Client) {
			t.Errorf("%s: %+v", name, c)
		}
	}
	if strings.Contains(slapd.Log(), "(uid=ada)") {
		t.Errorf("a forged record led to the directory:\n%s", slapd.Log())
	}

	domain("example.org")
	w.asksDownFirst(dns, port)
	w.clientsOfDNS(dns, port)
}

// asksDownFirst looks at the servers in the order of their priority.
func (w *world) asksDownFirst(dns *testbed.DNS, port string) {
	w.t.Helper()
	var asked []string
	c := w.check("ada", "lovelace-1815", dns.Wrap()...)
	for _, step := range c.Steps {
		asked = append(asked, fmt.Sprintf("%s %s %s", step.Name, step.Server, step.Result))
	}
	want := []string{"look up servers srv://example.org ok", "connect ldap://down.example.org:9 failed", "connect ldap://up.example.org:" + port + " ok"}
	if c.Verdict != "accepted" || len(asked) < len(want) || strings.Join(asked[:len(want)], ", ") != strings.Join(want, ", ") {
		w.t.Errorf("%s: %v", c.Verdict, asked)
	}
}

// clientsOfDNS logs in through OpenVPN, also while the name server is silent.
func (w *world) clientsOfDNS(dns *testbed.DNS, port string) {
	w.t.Helper()
	c := w.Client(w.serve(testbed.ServerOptions{Wrap: dns.Wrap()}), testbed.ClientOptions{})
	w.want(w.attempt(c, "ada", "not ada's"), testbed.Refused, refusedText)
	w.want(w.attempt(c, "ada", "lovelace-1815"), testbed.Connected, "")
	w.logged(`server=ldap://up\.example\.org:` + port + ` .*verdict=accepted`)
	if err := c.Restart(); err != nil {
		w.t.Fatal(err)
	}
	if err := dns.Pause(); err != nil {
		w.t.Fatal(err)
	}
	e := w.attempt(c, "ada", "lovelace-1815")
	w.want(e, testbed.Temporary, unavailableText)
	w.t.Logf("with a silent name server: %v", e)
	if e.Took > 10*time.Second {
		w.t.Errorf("a silent name server holds a login for %v", e.Took)
	}
	if err := dns.Resume(); err != nil {
		w.t.Fatal(err)
	}
	if err := c.Retry(); err != nil {
		w.t.Fatal(err)
	}
	w.want(w.next(c), testbed.Connected, "")
}
