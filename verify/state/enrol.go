package state

import (
	"context"
	"crypto/cipher"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"ovpn-verify/verify/secret"
)

// NewEnrolment is an Enrolment with what begins together with it.
type NewEnrolment struct {
	Enrolment
	RecoveryCodes []secret.Text
	SpentStep     uint64 // its code has been used, wherever that was; 0: none has
}

// PutEnrolment enrols a user who is not enrolled yet; ErrExists when he is.
// Recovery codes of an earlier enrolment go: put the new ones after it.
func (s *Store) PutEnrolment(ctx context.Context, e Enrolment) error {
	return s.Enrol(ctx, []NewEnrolment{{Enrolment: e}}, false)
}

// Enrol enrols all of them with their recovery codes, or none: ErrExists, with
// the name, when one is enrolled already, unless they are to be replaced.
//
// The last spent step stays, also with a new seed. It costs a wait for the next
// code at most, and no mix-up of seeds can make an old code good again.
func (s *Store) Enrol(ctx context.Context, all []NewEnrolment, replace bool) error {
	for _, e := range all {
		if e.Seed.Empty() {
			return s.unavailable(errors.New("an enrolment needs a seed"))
		}
	}
	return s.do(ctx, func(t *txn) error {
		for _, e := range all { // before anything is put: after an answer the transaction goes on
			key, err := identityKey(e.Identity)
			if err != nil {
				return err
			}
			if found, err := t.has(bucketEnrolments, key); err != nil {
				return err
			} else if found && !replace {
				return fmt.Errorf("%q: %w", e.Identity, ErrExists)
			}
		}
		if err := s.ensureKey(t); err != nil {
			return err
		}
		fileKey, err := s.readKey()
		if err != nil {
			return err
		}
		aead, err := gcm(fileKey)
		if err != nil {
			return err
		}
		for _, e := range all {
			if err := t.enrol(aead, fileKey, e); err != nil {
				return err
			}
		}
		return nil
	})
}

func (t *txn) enrol(aead cipher.AEAD, fileKey []byte, e NewEnrolment) error {
	key := []byte(Key(e.Identity))
	record, err := json.Marshal(enrolmentRecord{Identity: []byte(e.Identity), Created: e.Created,
		Seed:      aead.Seal(nil, nil, e.Seed.Reveal(), place(bucketEnrolments, key)),
		Algorithm: e.Algorithm, Digits: e.Digits, Period: int64(e.Period / time.Second)})
	if err != nil {
		return err
	}
	err = errors.Join(t.put(bucketEnrolments, key, record), t.delete(bucketRecovery, key), t.beginSteps(key, e.SpentStep))
	if err != nil || len(e.RecoveryCodes) == 0 {
		return err
	}
	hashes, err := hashCodes(func() ([]byte, error) { return fileKey, nil }, key, e.RecoveryCodes)
	if err != nil {
		return err
	}
	return t.put(bucketRecovery, key, hashes)
}

// beginSteps spends the step unless a later one is spent. Who has spent none gets
// the first there ever was: the steps of those who are enrolled are then found,
// and need not be missed.
func (t *txn) beginSteps(key []byte, step uint64) error {
	found, err := t.has(bucketSteps, key)
	if err != nil || found && step == 0 {
		return err
	}
	if found {
		last, err := t.get(bucketSteps, key)
		if err != nil || len(last) == 8 && binary.BigEndian.Uint64(last) >= step {
			return err
		}
	}
	return t.put(bucketSteps, key, binary.BigEndian.AppendUint64(nil, step))
}
