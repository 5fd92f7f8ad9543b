package state

import (
	"context"
	"encoding/binary"
	"errors"
	"time"
)

// spend keeps the step whatever happens to the enrolment. Nothing is written unless
// it is good.
func (t *txn) spend(s Spend, now time.Time) error {
	if err := t.checkLock(s.Limit, now); err != nil {
		return err
	}
	last, key, err := t.lastStep(s.Identity)
	if err != nil {
		return err
	}
	if last != nil && s.Step <= *last {
		return ErrSpent // no guess: not counted
	}
	return errors.Join(
		t.put(bucketSteps, key, binary.BigEndian.AppendUint64(nil, s.Step)),
		t.count(s.Limit, Cleared, now))
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
