package state

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"ovpn-verify/verify/secret"
)

// Enrolment is one user's second factor.
type Enrolment struct {
	Identity string      // as given at enrolment; it is kept under Key(Identity)
	Seed     secret.Text // the raw key; empty in what Enrolments returns
	Created  time.Time

	LastStep uint64 // the last one that was spent, in what Enrolment returns
}

// enrolmentRecord is an Enrolment in JSON. Identity is []byte because
// encoding/json would change a name that is not UTF-8.
type enrolmentRecord struct {
	Identity []byte
	Seed     []byte // encrypted, with the record's place as additional data
	Created  time.Time
}

// PutEnrolment enrols a user who is not enrolled yet; ErrExists when he is.
// Recovery codes of an earlier enrolment go: put the new ones after it.
//
// The last spent step stays, also with a new seed. It costs a wait for the next
// code at most, and no mix-up of seeds can make an old code good again.
func (s *Store) PutEnrolment(ctx context.Context, e Enrolment) error {
	if e.Seed.Empty() {
		return s.unavailable(errors.New("an enrolment needs a seed"))
	}
	return s.do(ctx, func(t *txn) error {
		key, err := identityKey(e.Identity)
		if err != nil {
			return err
		}
		if found, err := t.has(bucketEnrolments, key); err != nil {
			return err
		} else if found {
			return ErrExists
		}
		if err := s.ensureKey(t); err != nil {
			return err
		}
		aead, err := s.encryption()
		if err != nil {
			return err
		}
		record, err := json.Marshal(enrolmentRecord{Identity: []byte(e.Identity), Created: e.Created,
			Seed: aead.Seal(nil, nil, e.Seed.Reveal(), place(bucketEnrolments, key))})
		if err != nil {
			return err
		}
		return errors.Join(t.put(bucketEnrolments, key, record), t.delete(bucketRecovery, key), t.beginSteps(key))
	})
}

// beginSteps spends the first step there ever was, for who has spent none: the
// steps of those who are enrolled are then found, and need not be missed.
func (t *txn) beginSteps(key []byte) error {
	found, err := t.has(bucketSteps, key)
	if err != nil || found {
		return err
	}
	return t.put(bucketSteps, key, make([]byte, 8))
}

// Enrolment returns the user's enrolment with its seed, or ErrNotFound.
func (s *Store) Enrolment(ctx context.Context, identity string) (Enrolment, error) {
	return ask(ctx, s, func(t *txn) (Enrolment, error) {
		key, err := identityKey(identity)
		if err != nil {
			return Enrolment{}, err
		}
		record, err := t.getOrProve(bucketEnrolments, key)
		if err != nil {
			return Enrolment{}, err
		}
		if record == nil {
			return Enrolment{}, ErrNotFound
		}
		e, sealed, err := decodeEnrolment(record)
		if err != nil {
			return Enrolment{}, err
		}
		aead, err := s.encryption()
		if err != nil {
			return Enrolment{}, err
		}
		seed, err := aead.Open(nil, nil, sealed, place(bucketEnrolments, key))
		if err != nil || len(seed) == 0 {
			return Enrolment{}, fmt.Errorf("the enrolment of %q cannot be decrypted: it was changed, or key file %q is another one", identity, s.keyFile)
		}
		e.Seed = secret.New(seed)
		last, _, err := t.lastStep(identity)
		if err != nil {
			return Enrolment{}, err
		}
		if last != nil {
			e.LastStep = *last
		}
		return e, nil
	})
}

// Enrolments returns all enrolments without their seeds, ordered by Key.
func (s *Store) Enrolments(ctx context.Context) ([]Enrolment, error) {
	return ask(ctx, s, func(t *txn) ([]Enrolment, error) {
		b, err := t.bucket(bucketEnrolments)
		if err != nil {
			return nil, err
		}
		var all []Enrolment
		err = b.ForEach(func(k, v []byte) error {
			record, err := unseal(bucketEnrolments, k, v)
			if err != nil {
				return err
			}
			e, _, err := decodeEnrolment(record)
			all = append(all, e)
			return err
		})
		return all, err
	})
}

// RemoveEnrolment forgets the user's seed and recovery codes; ErrNotFound when
// there are none. The last spent step stays, as with PutEnrolment.
func (s *Store) RemoveEnrolment(ctx context.Context, identity string) error {
	return s.do(ctx, func(t *txn) error {
		key, err := identityKey(identity)
		if err != nil {
			return err
		}
		found, err := t.has(bucketEnrolments, key)
		if err != nil {
			return err
		}
		codes, err := t.has(bucketRecovery, key)
		if err != nil {
			return err
		}
		if !found && !codes {
			return ErrNotFound
		}
		return errors.Join(t.delete(bucketEnrolments, key), t.delete(bucketRecovery, key))
	})
}

func decodeEnrolment(record []byte) (e Enrolment, sealed []byte, err error) {
	var r enrolmentRecord
	if err := json.Unmarshal(record, &r); err != nil {
		return Enrolment{}, nil, errors.New("an enrolment cannot be read: not this program's JSON")
	}
	return Enrolment{Identity: string(r.Identity), Created: r.Created}, r.Seed, nil
}
