package state

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
)

// Listed is an Enrolment without its seed, and what has become of it.
type Listed struct {
	Enrolment
	SpentStep     uint64 // first second of the last code's time step; 0: none was ever used
	RecoveryCodes int    // that are left
}

// Enrolments returns all enrolments without their seeds, ordered by Key.
func (s *Store) Enrolments(ctx context.Context) ([]Listed, error) {
	return ask(ctx, s, func(t *txn) ([]Listed, error) {
		var all []Listed
		err := t.eachEnrolment(func(key, record []byte) error {
			e, _, err := decodeEnrolment(record)
			if err != nil {
				return err
			}
			l := Listed{Enrolment: e}
			step, err := t.get(bucketSteps, key)
			if err != nil {
				return err
			}
			if len(step) == 8 {
				l.SpentStep = binary.BigEndian.Uint64(step)
			}
			codes, err := t.get(bucketRecovery, key)
			l.RecoveryCodes = len(codes) / sha256.Size
			all = append(all, l)
			return err
		})
		return all, err
	})
}

// Seeds returns all enrolments with their seeds, ordered by Key.
func (s *Store) Seeds(ctx context.Context) ([]Enrolment, error) {
	return ask(ctx, s, func(t *txn) ([]Enrolment, error) {
		if some, err := t.any(bucketEnrolments); err != nil || !some {
			return nil, err // there may be no key file yet
		}
		aead, err := s.encryption()
		if err != nil {
			return nil, err
		}
		var all []Enrolment
		err = t.eachEnrolment(func(key, record []byte) error {
			e, err := s.openEnrolment(aead, key, record)
			all = append(all, e)
			return err
		})
		return all, err
	})
}

func (t *txn) eachEnrolment(do func(key, record []byte) error) error {
	return t.each(bucketEnrolments, func(k, v []byte) error {
		record, err := unseal(bucketEnrolments, k, v)
		if err != nil {
			return err
		}
		return do(k, record)
	})
}
