package state

import (
	"context"
	"slices"
	"time"
)

// call is one operation that waits for its turn.
type call struct {
	ctx  context.Context
	op   func(*txn) error
	err  error // set before done is closed
	done chan struct{}

	committing bool // what it wrote is; with Store.mu
}

// commitGrace is what a transaction that is being written may take beyond the
// deadline of those who wait for it. It is less than a worker waits.
const commitGrace = 300 * time.Millisecond

// outcome waits until the call is done, or its caller gives up: it is left out then,
// unless it is being written.
func (s *Store) outcome(c *call) (known bool) {
	select {
	case <-c.done:
		return true
	case <-c.ctx.Done():
	}
	if s.leave(c) {
		return false
	}
	select {
	case <-c.done:
		return true
	case <-time.After(commitGrace):
		return false
	}
}

// leave forgets a call whose caller gave up. It is too late for one that is being written.
func (s *Store) leave(c *call) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue = slices.DeleteFunc(s.queue, func(other *call) bool { return other == c })
	return !c.committing
}

// commits lets the calls be written together, unless a caller has given up.
func (s *Store) commits(batch []*call) bool {
	return len(s.stillWanted(batch, true)) == len(batch)
}

// stillWanted leaves out the calls whose callers gave up. The others may give up no
// more where they are to be written.
func (s *Store) stillWanted(batch []*call, committing bool) []*call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(batch), func(c *call) bool {
		if c.committing {
			return false
		}
		if err := c.ctx.Err(); err != nil {
			c.err = err
			return true
		}
		c.committing = committing
		return false
	})
}
