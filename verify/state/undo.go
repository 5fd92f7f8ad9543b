package state

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// What a call wrote for a caller who had given up is known to nobody, and nobody would
// end it: the call's undo does, as soon as the transaction has been written. Where that
// failed the undo looks whether it was written after all, so that an undo changes only
// what it finds of its own call. A process that ends before it leaves attempts of a
// dead process, which are forgotten.

// An undo that cannot be written is tried again, as long as an attempt lasts by default.
const (
	undoAgain = time.Second
	undoFor   = time.Minute
)

// errWritten is in an error that came after the transaction had been written.
var errWritten = errors.New("it may be written all the same")

func written(err error) error { return fmt.Errorf("%w: %w", errWritten, err) }

// tell ends the calls of a batch. What has to be undone is so before anybody else's
// turn comes: the same user may be the next.
func (s *Store) tell(batch []*call, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var undo []*call
	for _, c := range batch {
		if c.toUndo(err) {
			undo = append(undo, c.undoing())
		}
		switch {
		case c.err == nil && c.undo == nil && c.committing && c.wrote.Load() && errors.Is(err, errWritten):
			c.err = fmt.Errorf("%w: %w", ErrUnknown, err)
		case c.err == nil || err != nil:
			c.err = err
		}
		close(c.done)
	}
	switch {
	case len(undo) == 0:
	case err == nil:
		s.queue = slices.Concat(undo, s.queue)
	default:
		time.AfterFunc(undoAgain, func() { _ = s.enqueue(undo...) })
	}
}

// toUndo: an undo that is not written is to be done again, unless it found nothing.
func (c *call) toUndo(err error) bool {
	switch {
	case c.undo == nil || c.err != nil || !c.wrote.Load():
		return false
	case c.undoes:
		return err != nil
	}
	return c.committing && (c.gaveUp || err != nil)
}

// undoing is the call that undoes c. Nobody waits for it.
func (c *call) undoing() *call {
	until := c.until // of an undo that goes on
	if !c.undoes {
		until = time.Now().Add(undoFor)
	}
	u := newCall(context.Background(), until, c.undo, c.undo)
	u.undoes = true
	return u
}
