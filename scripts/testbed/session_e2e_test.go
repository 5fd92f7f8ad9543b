//go:build e2e

package testbed_test

import (
	"sync"
	"testing"

	"ovpn-verify/scripts/testbed"
)

// connectScript answers as TestConnectReadsTheAnswer's scripts do, by the user's name.
const connectScript = `#!/bin/sh
PATH=/bin:/usr/bin
answer() { printf %s "$1" > "$client_connect_deferred_file"; }
case "$username" in
at-once) exit 0 ;;
refused) exit 1 ;;
status-2) exit 2 ;;
in-spite) answer 2; exit 1 ;;
zero-first) answer 0; exit 0 ;;
disabled) echo disable > "$1"; answer 0; exit 0 ;;
later) answer 2; ( sleep 2; answer 1 ) & exit 0 ;;
refused-later) answer 2; ( sleep 2; answer 0 ) & exit 0 ;;
never) answer 2; exit 0 ;;
esac
`

// The real daemon's side of what the stand-in does for client-connect.
func TestDaemonReadsConnectAnswers(t *testing.T) {
	t.Parallel()
	b := testbed.New(t)
	verify, connect := b.Path("verify.sh"), b.Path("connect.sh")
	script(t, verify, verifyScript)
	script(t, connect, connectScript)
	server := b.Server(testbed.ServerOptions{Verify: verify, Extra: []string{"client-connect " + connect}})
	var wg sync.WaitGroup
	for user, want := range map[string]testbed.Kind{
		"at-once": testbed.Connected, "later": testbed.Connected,
		"zero-first": testbed.Connected, // the reason for "disable"
		"refused":    testbed.Refused, "status-2": testbed.Refused, "in-spite": testbed.Refused,
		"disabled": testbed.Refused, "refused-later": testbed.Refused,
		"never": testbed.Dropped, // when the client's own hand-window is over
	} {
		c := b.Client(server, testbed.ClientOptions{Extra: []string{"hand-window 10"}})
		wg.Go(func() {
			if err := c.Login(user, "right"); err != nil {
				t.Error(err)
				return
			}
			e, err := c.Next(eventTimeout)
			if err != nil || e.Kind != want {
				t.Errorf("%s: %v, %v; want %s", user, e, err, want)
			}
			t.Logf("%s: %v", user, e)
		})
	}
	wg.Wait()
}
