// Package testbed starts real servers for end-to-end tests and the demo: OpenVPN
// server and clients, slapd and FreeRADIUS, each in network namespaces made for
// the run, and, where none of that is possible, a stand-in for the daemon's call.
//
// It promises that every wait has an end, that an error shows the last lines of
// the log concerned, and that Close leaves no process, namespace or file behind.
// It needs root for everything but Call and the helpers for host loopback. The
// passwords in it are for tests and protect nothing.
package testbed

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
)

// Missing lists what keeps the namespaces and OpenVPN from running here, each in
// words for people; empty when all is there.
func Missing() []string {
	var missing []string
	if os.Geteuid() != 0 {
		missing = append(missing, "not running as root")
	}
	for _, program := range []string{"openvpn", "ip", "ping"} {
		if _, err := exec.LookPath(program); err != nil {
			missing = append(missing, program+" is not installed")
		}
	}
	if _, err := os.Stat("/dev/net/tun"); err != nil {
		missing = append(missing, "no /dev/net/tun")
	}
	return missing
}

// T is what Bed wants of a *testing.T.
type T interface {
	Helper()
	Fatalf(format string, args ...any)
	Logf(format string, args ...any)
	Failed() bool
	Cleanup(func())
}

// Bed is a Network for tests: what cannot start fails the test with the reason,
// and everything ends with the test.
type Bed struct {
	*Network
	t T
}

// New makes the network of one test; it ends with the test, and when the test
// failed the servers' and clients' last words are in its output.
func New(t T) *Bed {
	t.Helper()
	network, err := NewNetwork()
	if err != nil {
		t.Fatalf("%v", err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("%s", network.tails())
		}
		if err := network.Close(); err != nil {
			t.Logf("testbed: %v", err)
		}
	})
	return &Bed{Network: network, t: t}
}

// Server starts an OpenVPN server.
func (b *Bed) Server(o ServerOptions) *Server {
	b.t.Helper()
	return must(b.t, b.Network.StartServer, o)
}

// Client starts an OpenVPN client of s, which waits for Login.
func (b *Bed) Client(s *Server, o ClientOptions) *Client {
	b.t.Helper()
	o.Server = s
	return must(b.t, b.Network.StartClient, o)
}

// Slapd starts a directory in the server's namespace.
func (b *Bed) Slapd(o SlapdOptions) *Slapd {
	b.t.Helper()
	return must(b.t, b.Network.StartSlapd, o)
}

// Radius starts a FreeRADIUS in the server's namespace.
func (b *Bed) Radius(o RadiusOptions) *Radius {
	b.t.Helper()
	return must(b.t, b.Network.StartRadius, o)
}

func must[V, O any](t T, start func(O) (V, error), o O) V {
	t.Helper()
	v, err := start(o)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return v
}

// withTail adds the last lines of a log to an error.
func withTail(err error, path string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w\n--- end of %s ---\n%s", err, path, tail(path))
}

var errTimeout = errors.New("the time ran out")
