package state

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"
)

// call is one operation that waits for its turn.
type call struct {
	ctx  context.Context
	op   func(*txn) error
	undo func(*txn) error // see undo.go; nil: what op wrote stays
	err  error            // set before done is closed
	done chan struct{}

	wrote atomic.Bool // op did, when it ran last

	committing bool // what it wrote is; with Store.mu
	gaveUp     bool // its caller did, nevertheless; with Store.mu
	undoes     bool // it is the undo of another one
}

// commitGrace is what a transaction that is being written may take beyond the
// deadline of those who wait for it. It is less than a worker waits.
const commitGrace = 300 * time.Millisecond

// outcome waits until the call is done, or its caller gives up: it is left out then,
// unless it is being written. An error tells of the latter; only with nil are c.err and
// the result there.
func (s *Store) outcome(c *call) error {
	select {
	case <-c.done:
		return nil
	case <-c.ctx.Done():
	}
	gaveUp := fmt.Errorf("gave up waiting for it: %w", context.Cause(c.ctx))
	if s.leave(c) {
		return gaveUp
	}
	select {
	case <-c.done:
		return nil
	case <-time.After(commitGrace):
	}
	switch {
	case !s.giveUp(c):
		return nil
	case c.undo == nil && c.wrote.Load():
		return fmt.Errorf("%w: %w", ErrUnknown, gaveUp)
	}
	return gaveUp
}

// giveUp leaves a call to be undone, unless it is done at the same moment.
func (s *Store) giveUp(c *call) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-c.done:
		return false
	default:
		c.gaveUp = true
		return true
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
