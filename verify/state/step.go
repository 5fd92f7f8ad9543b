package state

import (
	"context"
	"encoding/binary"
	"errors"
	"time"
)

// SpendStep accepts a code's step if it is later than the last one spent for the
// identity, and answers ErrSpent otherwise, or ErrLocked while limit is locked.
// The step is on disk before nil is returned. It is kept whatever happens to the
// enrolment.
func (s *Store) SpendStep(ctx context.Context, identity string, step uint64, limit Counter, now time.Time) error {
	return s.do(ctx, func(t *txn) error {
		if err := t.checkLock(limit, now); err != nil {
			return err
		}
		last, key, err := t.lastStep(identity)
		if err != nil {
			return err
		}
		if last != nil && step <= *last {
			return ErrSpent // no guess: not counted
		}
		return errors.Join(
			t.put(bucketSteps, key, binary.BigEndian.AppendUint64(nil, step)),
			t.count(limit, Cleared, now))
	})
}

// ForgetStepAfter forgets the identity's last spent step if it is later than
// latest: it was spent while the clock was wrong, and no code would be right
// until that time has come.
func (s *Store) ForgetStepAfter(ctx context.Context, identity string, latest uint64) error {
	return s.do(ctx, func(t *txn) error {
		last, key, err := t.lastStep(identity)
		if err != nil || last == nil || *last <= latest {
			return err
		}
		return t.put(bucketSteps, key, binary.BigEndian.AppendUint64(nil, latest))
	})
}

// lastStep is nil when none was spent.
func (t *txn) lastStep(identity string) (last *uint64, key []byte, err error) {
	key, err = identityKey(identity)
	if err != nil {
		return nil, nil, err
	}
	record, err := t.getOrProve(bucketSteps, key)
	if err != nil || record == nil {
		return nil, key, err
	}
	if len(record) != 8 {
		return nil, nil, errors.New("a spent step is damaged")
	}
	step := binary.BigEndian.Uint64(record)
	return &step, key, nil
}
