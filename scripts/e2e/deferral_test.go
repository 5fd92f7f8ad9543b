//go:build e2e

package e2e_test

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"ovpn-verify/scripts/testbed"
)

// sessionsWorld has a worker of its own for each client-connect, which takes a
// tenth of a second to read its configuration: time to stop or end it on the way.
func sessionsWorld(t *testing.T) *world {
	w := newWorld(t)
	w.configure(fileSection)
	w.run("lovelace-1815\n", "user", "add", "ada", "--password-stdin")
	w.run("hopper-1906\n", "user", "add", "grace", "--password-stdin")
	w.write("slow.toml", fileSection+"[worker]\nlinger = \"0s\"\n[state]\npath = \"state.db\"\n[log]\nto = \"log\"\n[ldap]\nrequired_groups = ["+
		strings.Repeat("\"cn=a\",\n", 100_000)+"]\n")
	return w
}

// connecting waits for the worker that a client-connect has started, until it has
// the job: of one that ends before, front tells at once.
func (w *world) connecting() testbed.Worker {
	w.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		for _, found := range testbed.Workers(w.dir) {
			if strings.Contains(found.Arguments, "slow.toml") && !w.frontIsThere("slow.toml") {
				return found
			}
		}
	}
	w.t.Fatal("no worker came")
	return testbed.Worker{}
}

// frontIsThere tells whether one is left that was called with the configuration.
func (w *world) frontIsThere(config string) bool {
	return testbed.IsRunning(binary + "\x00--config\x00" + w.path(config) + "\x00")
}

func signal(t *testing.T, worker testbed.Worker, s syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(worker.PID, s); err != nil {
		t.Fatal(err)
	}
}

// A session that takes three seconds to begin holds up nobody but itself.
func TestDeferredConnect(t *testing.T) {
	w := sessionsWorld(t)
	server := w.serveSessions(binary, "slow.toml", testbed.ServerOptions{})
	other := w.Client(server, testbed.ClientOptions{Tunnel: true})
	w.want(w.attempt(other, "grace", "hopper-1906"), testbed.Connected, "")
	ping, err := other.StartPing(server)
	if err != nil {
		t.Fatal(err)
	}
	c := w.Client(server, testbed.ClientOptions{Extra: []string{"explicit-exit-notify 1"}})
	if err := c.Login("ada", "lovelace-1815"); err != nil {
		t.Fatal(err)
	}
	worker := w.connecting()
	signal(t, worker, syscall.SIGSTOP)
	time.Sleep(3 * time.Second)
	if strings.Contains(read(w.path("log")), "event=client-connect user=ada") {
		t.Fatal("the worker was not stopped in time")
	}
	released := time.Now()
	signal(t, worker, syscall.SIGCONT)
	e := w.next(c)
	w.want(e, testbed.Connected, "")
	t.Logf("ada was connected %v after the answer", time.Since(released).Round(time.Millisecond))
	if err := c.Stop(); err != nil {
		t.Fatal(err)
	}
	w.logged(`msg=session event=client-connect user=ada ip=\S+ result=token`)
	w.logged(`msg=session event=client-disconnect user=ada ip=\S+ result=noted`)
	result, err := ping.Stop()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("grace's pings meanwhile: %d sent, %d lost, %v at most", result.Sent, result.Lost(), result.Max())
	if result.Lost() > 0 || result.Max() > 2*time.Second { // a machine under load is slow, too
		t.Error("the daemon stood still")
	}
}

// Nobody answers for a worker that was killed: the client gives up when its own
// hand-window is over, and its next try finds another worker.
func TestKilledWorkerAtConnect(t *testing.T) {
	t.Parallel()
	w := sessionsWorld(t)
	server := w.serveSessions(binary, "slow.toml", testbed.ServerOptions{})
	c := w.Client(server, testbed.ClientOptions{Extra: []string{"hand-window 10"}})
	w.secrets = append(w.secrets, "lovelace-1815")
	if err := c.Login("ada", "lovelace-1815"); err != nil {
		t.Fatal(err)
	}
	signal(t, w.connecting(), syscall.SIGKILL)
	e := w.next(c)
	w.want(e, testbed.Dropped, "")
	if e.Took > 20*time.Second {
		t.Error("the client waited longer than its window")
	}
	t.Logf("the client saw %v", e)
	if err := c.Retry(); err != nil {
		t.Fatal(err)
	}
	w.want(w.next(c), testbed.Connected, "")
	w.logged(`event=client-connect user=ada`)
}

// Without a configuration the session is refused, at once and not by waiting.
func TestConnectWithoutConfiguration(t *testing.T) {
	t.Parallel()
	w := sessionsWorld(t)
	server := w.serveSessions(binary, "missing.toml", testbed.ServerOptions{})
	c := w.Client(server, testbed.ClientOptions{})
	w.want(w.attempt(c, "ada", "lovelace-1815"), testbed.Refused, "")
	if _, err := server.WaitLog(`logins are answered as unavailable.*missing\.toml`, 5*time.Second); err != nil {
		t.Error(err)
	}
}
