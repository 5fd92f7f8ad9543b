//go:build e2e

package e2e_test

import (
	"testing"
	"time"

	"ovpn-verify/scripts/testbed"
)

// slapd takes a second bind on a connection: a worker's logins have few of them, and each
// user his own password.
func TestLDAPConnectionsAreBoundAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	slapd := w.Slapd(testbed.SlapdOptions{})
	w.configure(ldapSection(slapd, withNone, ""))
	before := stats(slapd.Log())
	for i, login := range []struct {
		user, password string
		accepted       bool
	}{
		{"ada", "lovelace-1815", true},
		{"zoë", "pässwörd", true},
		{"ada", "lovelace-1815", true},
		{"ada", "pässwörd", false}, // right for the user before
		{"zoë", "lovelace-1815", false},
		{"zoë", "pässwörd", true},
		{"ada", "lovelace-1815", true},
	} {
		r, err := w.callInside(testbed.Call{Username: login.user, Password: login.password})
		if err != nil || r.Accepted() != login.accepted {
			t.Fatalf("login %d: %+v, %v", i, r, err)
		}
		time.Sleep(200 * time.Millisecond) // the first one's connection is tried
	}
	after := stats(slapd.Log())
	// One searches, nobody is bound where he was, and after the refusal on one that was
	// used each has his own.
	if opened, binds := after.opened-before.opened, after.users-before.users; opened != 6 || binds != 7 {
		t.Errorf("%d connections, %d binds of users", opened, binds)
	}
}
