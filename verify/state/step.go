package state

import (
	"context"
	"encoding/binary"
	"errors"
)

// SpendStep accepts a code's step if it is later than the last one spent for the
// identity, and answers ErrSpent otherwise. The step is on disk before nil is
// returned. It is kept whatever happens to the enrolment.
func (s *Store) SpendStep(ctx context.Context, identity string, step uint64) error {
	return s.do(ctx, func(t *txn) error {
		key, err := identityKey(identity)
		if err != nil {
			return err
		}
		last, err := t.getOrProve(bucketSteps, key)
		switch {
		case err != nil:
			return err
		case last != nil && len(last) != 8:
			return errors.New("a spent step is damaged")
		case last != nil && step <= binary.BigEndian.Uint64(last):
			return ErrSpent
		}
		return t.put(bucketSteps, key, binary.BigEndian.AppendUint64(nil, step))
	})
}
