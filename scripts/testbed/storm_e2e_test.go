//go:build e2e

package testbed_test

import (
	"sync"
	"testing"

	"ovpn-verify/scripts/testbed"
)

func TestThirtyClientsAtOnce(t *testing.T) {
	b, server := bed(t, testbed.ServerOptions{Extra: []string{"duplicate-cn"}, User: "nobody",
		Wrap: []string{"prlimit", "--nproc=10"}})
	clients := make([]*testbed.Client, 30)
	for i := range clients {
		clients[i] = b.Client(server, testbed.ClientOptions{})
	}
	var wg sync.WaitGroup
	for _, c := range clients {
		wg.Go(func() {
			if err := c.Login("ada", "right"); err != nil {
				t.Error(err)
				return
			}
			if e, err := c.Next(eventTimeout); err != nil || e.Kind != testbed.Connected {
				t.Errorf("%v, error %v", e, err)
			}
		})
	}
	wg.Wait()
	if stalls := server.Stalls(); len(stalls) != len(clients) {
		t.Errorf("%d calls for %d logins: %v", len(stalls), len(clients), stalls)
	}
}
