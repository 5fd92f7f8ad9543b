package state

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"time"

	"ovpn-verify/verify/trace"
)

// ask runs op in a transaction, together with all others that wait at that
// moment: one lock and one fsync for the batch. op may run more than once. Nothing
// of it stays when ctx ends before the transaction is being written. From then on
// it cannot be taken back: ask waits for it commitGrace longer, and for a disk that
// takes still more the answer is ErrUnknown.
func ask[T any](ctx context.Context, s *Store, op func(*txn) (T, error)) (T, error) {
	return askOrUndo(ctx, s, op, nil)
}

// askOrUndo is ask for what can be taken back by undo: who gave up may take it for
// not written.
func askOrUndo[T any](ctx context.Context, s *Store, op func(*txn) (T, error), undo func(*txn) error) (T, error) {
	return answer(s, newCall(ctx, time.Now().Add(maxWait), undo, nil), op)
}

// look is ask for what hardly ever writes: to wait for others would spare it nothing.
func look[T any](ctx context.Context, s *Store, op func(*txn) (T, error)) (T, error) {
	return lookOrUndo(ctx, s, op, nil)
}

// lookOrUndo is to look as askOrUndo is to ask.
func lookOrUndo[T any](ctx context.Context, s *Store, op func(*txn) (T, error), undo func(*txn) error) (T, error) {
	c := newCall(ctx, time.Now().Add(maxWait), undo, nil)
	c.looks = true
	return answer(s, c, op)
}

func answer[T any](s *Store, c *call, op func(*txn) (T, error)) (T, error) {
	var value T
	c.op = func(t *txn) (err error) {
		value, err = op(t)
		return err
	}
	err := s.perform(c)
	if err != nil { // value may still be written to: do not touch it
		var none T
		return none, err
	}
	return value, nil
}

// perform has no part in what the call's result is of, for logins wait in it: see
// verify.DecideTo.
func (s *Store) perform(c *call) error {
	if err := s.enqueue(c); err != nil {
		return s.unavailable(err)
	}
	if err := s.outcome(c); err != nil {
		return s.unavailable(err)
	}
	if c.err == nil || isAnswer(c.err) {
		return c.err
	}
	return s.unavailable(c.err)
}

// isAnswer tells answers from failures. After an answer the transaction goes on
// with what the op wrote, so an op checks before it puts.
func isAnswer(err error) bool {
	return slices.ContainsFunc([]error{ErrNotFound, ErrExpired, ErrSpent, ErrExists, ErrLocked, ErrBusy},
		func(answer error) bool { return errors.Is(err, answer) })
}

func (s *Store) unavailable(err error) error {
	if errors.Is(err, ErrUnavailable) {
		return fmt.Errorf("%q: %w", s.path, err)
	}
	return fmt.Errorf("%w: %q: %w", ErrUnavailable, s.path, err)
}

func (s *Store) enqueue(calls ...*call) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errors.New("closed")
	}
	s.queue = append(s.queue, calls...)
	if !s.leading {
		s.leading = true
		s.leaders.Go(s.lead)
	}
	return nil
}

// A transaction that writes begins so much later than the last one as that one had calls
// to write beside the first: in a storm others are on their way, and what is written for
// each transaction is as much as for some logins. Few at once hardly wait, as a
// transaction takes a millisecond or two itself.
const (
	gatherForEach = 2 * time.Millisecond
	mostGathering = 4 * gatherForEach
)

// lead serves batches until nobody waits. There is one leader at a time.
func (s *Store) lead() {
	for s.waiting() {
		s.gather()
		f, err := s.openLocked()
		if errors.Is(err, errNobodyWaits) {
			continue // somebody may have come since; it is not his failure
		}
		batch := s.take() // after the wait for the lock: whoever came meanwhile is in
		if err == nil {
			err = s.serve(f, batch)
			s.kept.letGo(f)
		}
		s.tell(batch, err)
	}
}

// gather returns at the moment for the next transaction, which is at once when nobody is
// there who will write.
func (s *Store) gather() {
	s.mu.Lock()
	writing := toWrite(s.queue)
	s.mu.Unlock()
	if writing > 0 {
		time.Sleep(time.Until(s.gatherUntil))
	}
}

// toWrite is how many of the calls will write.
func toWrite(calls []*call) (n int) {
	for _, c := range calls {
		if !c.looks {
			n++
		}
	}
	return n
}

// waiting drops the calls whose callers gave up, and ends the leadership when
// none is left.
func (s *Store) waiting() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue = slices.DeleteFunc(s.queue, func(c *call) bool { return c.over() != nil })
	s.leading = len(s.queue) > 0
	if !s.leading && s.kept.file != nil {
		s.restLater()
	}
	return s.leading
}

// restLater has the file closed when no batch follows for a while; with s.mu.
func (s *Store) restLater() {
	if s.idle == nil {
		s.idle = time.AfterFunc(restAfter, s.rest)
		return
	}
	s.idle.Reset(restAfter)
}

// rest closes the file as a leader does, unless there is one.
func (s *Store) rest() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.leading || s.closed {
		return
	}
	s.leading = true
	s.leaders.Go(func() {
		s.kept.closeFile()
		s.lead()
	})
}

// maxBatch bounds a transaction: in a storm a thousand logins end at once, and on a
// machine that is busy the whole of them would come too late for all of them.
const maxBatch = 128

func (s *Store) take() []*call {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := min(len(s.queue), maxBatch)
	batch := slices.Clone(s.queue[:n])
	s.queue = slices.Delete(s.queue, 0, n)
	if writing := toWrite(batch); writing > 0 {
		s.gatherUntil = time.Now().Add(min(time.Duration(writing-1)*gatherForEach, mostGathering))
	}
	return batch
}

// serve runs a batch on the locked file. bbolt panics on some damage, and reading
// a mapped file that was cut short is a fault: both become errors here. The
// database is not closed then, as it may wait for its own locks; release does
// what matters.
func (s *Store) serve(f *os.File, batch []*call) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if reason := recover(); reason != nil {
			s.kept.forget()
			err = s.remember(f, s.panicked(f, reason))
		}
	}()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	d, err := openDatabase(f, &s.kept)
	if err != nil {
		return err
	}
	if err := s.lookAgain(d); err != nil {
		return errors.Join(err, d.close())
	}
	err = s.run(d, batch)
	if err != nil {
		_ = d.close() // tells nothing new
		return err
	}
	if end := d.rest(); end != nil {
		err = written(end)
	}
	if err == nil && !inPlace(s.path, info) {
		err = written(errors.New("the file was replaced while it was worked on"))
	}
	if err == nil {
		s.broken = broken{}
	}
	return err
}

// run repeats the transaction without the op that failed, so that one user's
// damaged record is not the others' outage, and without those whose callers gave
// up meanwhile, so that nothing of theirs is written. For these it is repeated once:
// in a storm whose deadlines pass one after the other it would never be written.
func (s *Store) run(d *database, batch []*call) error {
	for again := false; ; again = true {
		batch = s.stillWanted(batch, again)
		t := &txn{database: d}
		failed := s.runAll(t, batch)
		if failed == nil && (!t.dirty || again || s.commits(batch)) {
			return t.end(t.dirty)
		}
		if err := t.end(false); err != nil {
			return err
		}
		batch = slices.DeleteFunc(batch, func(c *call) bool { return c == failed })
	}
}

func (s *Store) runAll(t *txn, batch []*call) (failed *call) {
	for _, c := range batch {
		t.notice = func(what string) { s.noticeOnce(c.ctx, what) }
		before := t.dirty
		t.dirty = false
		c.err = c.op(t)
		c.wrote.Store(t.dirty)
		t.dirty = t.dirty || before
		if c.err != nil && !isAnswer(c.err) {
			return c
		}
	}
	return nil
}

// noticeOnce has the first login that comes by a fault of others' records tell of it.
func (s *Store) noticeOnce(ctx context.Context, what string) {
	if !s.noticed {
		s.noticed = true
		trace.Note(ctx, "state", "", what)
	}
}
