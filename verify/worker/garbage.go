package worker

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// What the collector may leave to the heap and the stacks. Go's own 100 percent, which
// collects least, doubles what is in use: too much where a thousand logins wait, and
// for few of them nothing. 10 percent for all took a fifth of the worker's time.
const (
	roomyMemory = 10 << 20 // bytes; below it the collector leaves more than leastGC
	leastGC     = 10       // percent
	mostGC      = 100      // percent
)

// collector sets how much garbage may come together, after each collection by what is
// in use then.
type collector struct {
	percent int
	use     [2]metrics.Sample
}

func tuneCollector() {
	c := &collector{use: [2]metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}}
	c.set(mostGC)
	runtime.SetFinalizer(c, (*collector).collected)
}

// collected is called after a collection, as nothing refers to c but what calls it.
func (c *collector) collected() {
	metrics.Read(c.use[:])
	c.set(gcPercent(c.use[0].Value.Uint64(), c.use[1].Value.Uint64()))
	runtime.SetFinalizer(c, (*collector).collected)
}

// set spares small changes but the last: for each the world is stopped.
func (c *collector) set(percent int) {
	if c.percent/10 != percent/10 || percent == leastGC && c.percent != leastGC {
		c.percent = percent
		debug.SetGCPercent(percent)
	}
}

// gcPercent is what fills the room that is left, of what is in use on the heap.
func gcPercent(heap, stacks uint64) int {
	room := roomyMemory - int64(heap+stacks)
	return int(min(max(room*100/int64(max(heap, 1)), leastGC), mostGC))
}
