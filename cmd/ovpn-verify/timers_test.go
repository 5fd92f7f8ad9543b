package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"ovpn-verify/scripts/testbed"
)

// A worker's clock may be a millisecond late, in the thread of Go's runtime that looks
// after the others as well: with the kernel's 50 microseconds that one takes a quarter
// of what a storm costs.
func TestWorkerWaitsWithoutHurry(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		return // whom alone the kernel tells of others' timers
	}
	g := newGateway(t, "file", 0)
	g.letsIn()
	workers := testbed.Workers(g.dir)
	if len(workers) != 1 {
		t.Fatalf("%d workers", len(workers))
	}
	threads, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", workers[0].PID))
	if err != nil || len(threads) < 2 {
		t.Fatalf("%v, %v", threads, err)
	}
	for _, thread := range threads {
		slack, err := os.ReadFile("/proc/" + thread.Name() + "/timerslack_ns")
		if err != nil || strings.TrimSpace(string(slack)) != "1000000" {
			t.Errorf("thread %s: %q, %v", thread.Name(), slack, err)
		}
	}
}
