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

// signal ends every process that works on the gateway's logins, and names them.
func (g *gateway) signal(s syscall.Signal) string {
	names := map[string]bool{}
	for _, w := range testbed.Workers(g.dir) {
		names["worker"] = true
		_ = syscall.Kill(w.PID, s)
	}
	for _, pid := range fronts(g.path("config.toml")) {
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
func fronts(config string) (pids []int) {
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		arguments, _ := os.ReadFile("/proc/" + e.Name() + "/cmdline")
		if strings.HasPrefix(string(arguments), binary+"\x00--config\x00"+config+"\x00") {
			var pid int
			_, _ = fmt.Sscan(e.Name(), &pid)
			pids = append(pids, pid)
		}
	}
	return pids
}

// A worker can be looked into by no other process of its user, leaves no core
// file, has no capability, and cannot gain one.
func TestWorkerIsSealed(t *testing.T) {
	t.Parallel()
	g := newGateway(t, "file", 0)
	g.letsIn()
	workers := testbed.Workers(g.dir)
	if len(workers) != 1 {
		t.Fatalf("%d workers", len(workers))
	}
	proc := fmt.Sprintf("/proc/%d/", workers[0].PID)
	threads, err := os.ReadDir(proc + "task")
	if err != nil || len(threads) < 2 {
		t.Fatalf("%v, %v", threads, err)
	}
	for _, thread := range threads {
		status, err := os.ReadFile(proc + "task/" + thread.Name() + "/status")
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"NoNewPrivs:\t1", "CapInh:\t0000000000000000", "CapPrm:\t0000000000000000", "CapEff:\t0000000000000000", "CapAmb:\t0000000000000000"}
		if os.Geteuid() == 0 {
			want = append(want, "CapBnd:\t0000000000000000")
		}
		for _, line := range want {
			if !strings.Contains(string(status), line+"\n") {
				t.Errorf("thread %s: not %q\n%s", thread.Name(), line, status)
			}
		}
	}
	limits, err := os.ReadFile(proc + "limits")
	if err != nil || !strings.Contains(strings.Join(strings.Fields(string(limits)), " "), "Max core file size 0 0 bytes") {
		t.Errorf("%v\n%s", err, limits)
	}
	// What is not dumpable belongs to root (proc(5), /proc/pid); the group is
	// root's as well.
	var info syscall.Stat_t
	if err := syscall.Stat(proc+"environ", &info); err != nil || info.Uid != 0 {
		t.Errorf("environ belongs to user id %d, %v", info.Uid, err)
	}
	if os.Geteuid() != 0 {
		if content, err := os.ReadFile(proc + "environ"); err == nil {
			t.Errorf("its environment can be read: %q", content)
		}
	}
	if log := g.read("log"); strings.Contains(log, "hardening") && !strings.Contains(log, "no Landlock") {
		t.Errorf("%s", log)
	}
}
