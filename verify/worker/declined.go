package worker

import (
	"sync"
	"time"
)

// The log tells of no more than so many jobs in a minute that are not taken, and of
// the number of the others. Every user of the host can connect to a worker, thousands
// of times a second: a line for each would fill the disk, and have the log drop what it
// has to tell of logins.
const (
	tellMost   = 10
	tellWithin = time.Minute
)

// declined are the jobs that were not taken. The zero declined is ready.
type declined struct {
	mu   sync.Mutex
	told int // in this minute
	more int // that were not told
	last error
}

func (d *declined) add(cause error, tell func(cause error, more int)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.told == tellMost {
		d.more, d.last = d.more+1, cause
		return
	}
	if d.told == 0 {
		time.AfterFunc(tellWithin, func() { d.rest(tell) })
	}
	d.told++
	tell(cause, 0)
}

func (d *declined) rest(tell func(cause error, more int)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.more > 0 {
		tell(d.last, d.more)
	}
	d.told, d.more, d.last = 0, 0, nil
}

// tellDeclined is the line in the log.
func (w *worker) tellDeclined(cause error, more int) {
	if more == 0 {
		w.Log.Warn("worker: job declined", "cause", cause)
		return
	}
	w.Log.Warn("worker: jobs declined", "cause", cause, "more", more)
}
