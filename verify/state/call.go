package state

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"
)

// call is one operation that waits for its turn.
type call struct {
	ctx   context.Context
	until time.Time // whichever ends first
	op    func(*txn) error
	undo  func(*txn) error // see undo.go; nil: what op wrote stays
	err   error            // set before done is closed
	done  chan struct{}

	looks bool // it hardly ever writes

	wrote atomic.Bool // op did, when it ran last

	committing bool // what it wrote is; with Store.mu
	gaveUp     bool // its caller did, nevertheless; with Store.mu
	undoes     bool // it is the undo of another one
}

func newCall(ctx context.Context, until time.Time, undo, op func(*txn) error) *call {
	c := &call{ctx: ctx, until: until, op: op, undo: undo, done: make(chan struct{})}
	c.wrote.Store(true) // until it has been run
	return c
}

// over tells why nobody waits for the call any more, nil while somebody may.
func (c *call) over() error {
	switch {
	case c.ctx.Err() != nil:
		return context.Cause(c.ctx)
	case !time.Now().Before(c.until):
		return context.DeadlineExceeded
	}
	return nil
}

// commitGrace is what a transaction that is being written may take beyond the
// deadline of those who wait for it. It is less than a worker waits.
const commitGrace = 300 * time.Millisecond

// outcome waits until the call is done, or its caller gives up: it is left out then,
// unless it is being written. An error tells of the latter; only with nil are c.err and
// the result there.
func (s *Store) outcome(c *call) error {
	until := time.NewTimer(time.Until(c.until))
	defer until.Stop()
	select {
	case <-c.done:
		return nil
	case <-c.ctx.Done():
	case <-until.C:
	}
	return s.tooLate(c)
}

func (s *Store) tooLate(c *call) error {
	gaveUp := fmt.Errorf("gave up waiting for it: %w", cmp.Or(c.over(), context.DeadlineExceeded))
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
		if err := c.over(); err != nil {
			c.err = err
			return true
		}
		c.committing = committing
		return false
	})
}
