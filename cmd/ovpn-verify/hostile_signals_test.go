package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"ovpn-verify/scripts/testbed"
)

// Front and worker are ended at random moments of a login. Nobody gets in by a
// wrong password, nobody with the right one is told that it is wrong, no login
// hangs beyond its window, and the next one succeeds.
func TestKilledAtEveryStep(t *testing.T) {
	t.Parallel()
	const rounds, loginTakes = 40, 12 * time.Millisecond
	g := newGateway(t, "ldap", 4*time.Millisecond)
	seen := map[string]int{}
	for round := range rounds {
		c := g.call()
		c.Window = 100 * time.Millisecond
		wrong := round%3 == 0
		if wrong {
			c.Password = "wrong"
		}
		signal := []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM}[round%2]
		delay := rand.N(loginTakes)
		killed := make(chan string, 1)
		go func() {
			time.Sleep(delay)
			killed <- g.signal(signal)
		}()
		r := g.run(c)
		what := fmt.Sprintf("status %d, verdict %q, %s", r.Status, r.Verdict, r.Reason)
		seen[<-killed+": "+what]++
		switch {
		case r.Accepted() && wrong:
			t.Errorf("round %d, %v after %v: a wrong password was accepted: %+v", round, signal, delay, r)
		case !r.Accepted() && !wrong && r.Reason == refusedText:
			t.Errorf("round %d, %v after %v: the right password was refused: %+v", round, signal, delay, r)
		case !r.Accepted() && r.Status == 0:
			t.Errorf("round %d, %v after %v: %+v", round, signal, delay, r)
		}
		if round%10 == 9 {
			g.letsIn()
		}
	}
	for what, n := range seen {
		t.Logf("%3d × %s", n, what)
	}
	g.letsIn()
}

// OpenVPN goes on while a copy of front still waits for a worker that does not
// answer, and the login is decided all the same.
func TestStoppedWorkerHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	g := newGateway(t, "ldap", 0)
	waited := 0
	for range 5 {
		g.letsIn()
		stopped := testbed.Workers(g.dir)
		for _, w := range stopped {
			_ = syscall.Kill(w.PID, syscall.SIGSTOP)
		}
		login := g.start(g.call())
		waited += len(fronts(g.binary, g.path("config.toml")))
		// Longer than front waits; a worker may be stopped while it holds the state.
		time.Sleep(500 * time.Millisecond)
		for _, w := range stopped {
			_ = syscall.Kill(w.PID, syscall.SIGCONT)
		}
		if r, err := login.Wait(t.Context()); err != nil || r.Status != 2 || !r.Accepted() {
			t.Errorf("%+v, %v", r, err)
		}
		for _, w := range stopped {
			_ = w.Kill()
		}
	}
	if waited == 0 {
		t.Error("nobody waited for the worker but OpenVPN")
	}
}

// signal ends every process that works on the gateway's logins, and names them.
func (g *gateway) signal(s syscall.Signal) string {
	names := map[string]bool{}
	for _, w := range testbed.Workers(g.dir) {
		names["worker"] = true
		_ = syscall.Kill(w.PID, s)
	}
	for _, pid := range fronts(g.binary, g.path("config.toml")) {
		names["front"] = true
		_ = syscall.Kill(pid, s)
	}
	switch {
	case names["worker"] && names["front"]:
		return "both ended"
	case names["worker"]:
		return "the worker ended"
	case names["front"]:
		return "front ended"
	}
	return "nothing ended"
}

// fronts are the processes that were started as OpenVPN starts them.
func fronts(program, config string) (pids []int) {
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		arguments, _ := os.ReadFile("/proc/" + e.Name() + "/cmdline")
		if strings.HasPrefix(string(arguments), program+"\x00--config\x00"+config+"\x00") {
			var pid int
			_, _ = fmt.Sscan(e.Name(), &pid)
			pids = append(pids, pid)
		}
	}
	return pids
}
