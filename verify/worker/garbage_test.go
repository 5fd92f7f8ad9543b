package worker

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

func TestGarbageIsCollectedOftenerTheMoreIsInUse(t *testing.T) {
	const mib = 1 << 20
	for _, c := range []struct {
		heap, stacks uint64
		want         int
	}{
		{0, 0, mostGC}, {2 * mib, mib, mostGC}, {4 * mib, 2 * mib, 100}, {5 * mib, 3 * mib, 40},
		{7 * mib, 2 * mib, 14}, {9 * mib, 4 * mib, leastGC}, {64 * mib, 4 * mib, leastGC}, {1 << 50, 1 << 50, leastGC},
	} {
		if got := gcPercent(c.heap, c.stacks); got != c.want {
			t.Errorf("%d and %d MiB: %d percent, want %d", c.heap/mib, c.stacks/mib, got, c.want)
		}
	}
}

// It goes on after the first collection.
func TestCollectorIsSetAgain(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(100))
	tuneCollector()
	for _, want := range []struct{ inUse, percent int }{{32 << 20, leastGC}, {0, mostGC}, {32 << 20, leastGC}} {
		held := make([]byte, want.inUse)
		deadline := time.Now().Add(10 * time.Second)
		for current := -1; current != want.percent; {
			runtime.GC()
			time.Sleep(time.Millisecond)
			current = debug.SetGCPercent(100)
			debug.SetGCPercent(current)
			if time.Now().After(deadline) {
				t.Fatalf("%d percent with %d bytes in use, want %d", current, want.inUse, want.percent)
			}
		}
		runtime.KeepAlive(held)
	}
}

func TestLeastGarbageIsReached(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(100))
	c := collector{}
	for _, percent := range []int{mostGC, leastGC + 8, leastGC} {
		c.set(percent)
	}
	if got := debug.SetGCPercent(100); got != leastGC {
		t.Errorf("%d percent", got)
	}
}
