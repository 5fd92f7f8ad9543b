package main

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"ovpn-verify/scripts/testbed"
)

// A worker can be looked into by no other process of its user, leaves no core
// file, has no capability, and cannot gain one.
func TestWorkerIsSealed(t *testing.T) {
	t.Parallel()
	g := newGateway(t, "file", 0)
	g.letsIn()
	proc := g.workerProc()
	hasNoRights(t, proc)
	hasNoCore(t, proc)
	if log := g.read("log"); strings.Contains(log, "hardening") && !strings.Contains(log, "no Landlock") {
		t.Errorf("%s", log)
	}
}

// workerProc is the folder of the one worker there is (proc(5)).
func (g *gateway) workerProc() string {
	g.t.Helper()
	workers := testbed.Workers(g.dir)
	if len(workers) != 1 {
		g.t.Fatalf("%d workers", len(workers))
	}
	return fmt.Sprintf("/proc/%d/", workers[0].PID)
}

// hasNoRights looks at every thread, each of which has its own.
func hasNoRights(t *testing.T, proc string) {
	t.Helper()
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
}

// hasNoCore also looks whose the memory is: what is not dumpable belongs to root
// (proc(5), /proc/pid).
func hasNoCore(t *testing.T, proc string) {
	t.Helper()
	limits, err := os.ReadFile(proc + "limits")
	if err != nil || !strings.Contains(strings.Join(strings.Fields(string(limits)), " "), "Max core file size 0 0 bytes") {
		t.Errorf("%v\n%s", err, limits)
	}
	var info syscall.Stat_t
	if err := syscall.Stat(proc+"environ", &info); err != nil || info.Uid != 0 {
		t.Errorf("environ belongs to user id %d, %v", info.Uid, err)
	}
	if os.Geteuid() != 0 {
		if content, err := os.ReadFile(proc + "environ"); err == nil {
			t.Errorf("its environment can be read: %q", content)
		}
	}
}
