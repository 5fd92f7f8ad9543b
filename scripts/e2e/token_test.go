//go:build e2e

package e2e_test

import (
	"strings"
	"testing"
	"time"

	"ovpn-verify/scripts/testbed"
)

// What the README advises: with auth-gen-token a session that began with a
// one-time code lives through renegotiations, and nobody is asked again. The
// token's renewal time is set apart from reneg-sec, because the client gets the
// renewed token seconds after the renegotiation: nothing at an hour, too late at
// the eight seconds of this test.
func TestTokenCarriesRenegotiations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.configure(ldapSection(w.Slapd(testbed.SlapdOptions{}), `second_factor = "totp"`, ""))
	w.enroll("ada")
	server := w.serve(testbed.ServerOptions{
		HandWindow: 4 * time.Second, Renegotiate: 8 * time.Second, Extra: []string{"auth-gen-token 120 60"},
	})
	c := w.Client(server, testbed.ClientOptions{})
	e := w.attempt(c, "ada", "lovelace-1815")
	w.want(e, testbed.Challenged, "")
	w.want(w.attempt(c, "ada", testbed.Dynamic(e.Challenge.State, w.code("ada"))), testbed.Connected, "")
	for deadline := time.Now().Add(40 * time.Second); strings.Count(server.Log(), "soft reset") < 2; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the session was not renegotiated")
		}
	}
	if e, err := c.Next(5 * time.Second); err == nil {
		t.Errorf("after two renegotiations the client saw %v", e)
	}
	if logins := strings.Count(read(w.path("log")), "msg=login"); logins != 2 {
		t.Errorf("%d logins in the log, want the question and the answer", logins)
	}
}
