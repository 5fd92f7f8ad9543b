//go:build (amd64 || arm64) && !portable

package main

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
)

// A worker's clock may be a millisecond late, in the thread of Go's runtime that looks
// after the others as well: with the kernel's 50 microseconds that one takes a fifth
// of what a storm costs.
func TestWorkerWaitsWithoutHurry(t *testing.T) {
	t.Parallel()
	g := newGateway(t, "file", 0)
	g.letsIn()
	threads, err := os.ReadDir(g.workerProc() + "task")
	if err != nil || len(threads) < 2 {
		t.Fatalf("%v, %v", threads, err)
	}
	for _, thread := range threads {
		slack, err := os.ReadFile("/proc/" + thread.Name() + "/timerslack_ns")
		switch {
		case errors.Is(err, fs.ErrNotExist): // it has ended
			continue
		case errors.Is(err, fs.ErrPermission): // the kernel tells of others' timers with CAP_SYS_NICE alone
			return
		}
		if err != nil || strings.TrimSpace(string(slack)) != "1000000" {
			t.Errorf("thread %s: %q, %v", thread.Name(), slack, err)
		}
	}
}
