package state

import (
	"context"
	"crypto/cipher"
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

	// The form of the codes, which the user's app has been told. Zero in
	// enrolments of earlier versions: the configuration's.
	Algorithm string
	Digits    int
	Period    time.Duration // whole seconds

	LastStep uint64 // the last one that was spent, in what Enrolment returns
}

// enrolmentRecord is an Enrolment in JSON. Identity is []byte because
// encoding/json would change a name that is not UTF-8.
type enrolmentRecord struct {
	Identity []byte
	Seed     []byte // encrypted, with the record's place as additional data
	Created  time.Time

	Algorithm string `json:",omitempty"`
	Digits    int    `json:",omitempty"`
	Period    int64  `json:",omitempty"` // seconds
}

// Enrolment returns the user's enrolment with its seed, or ErrNotFound.
func (s *Store) Enrolment(ctx context.Context, identity string) (Enrolment, error) {
	return look(ctx, s, func(t *txn) (Enrolment, error) {
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
		aead, err := s.encryption()
		if err != nil {
			return Enrolment{}, err
		}
		e, err := s.openEnrolment(aead, key, record)
		if err != nil {
			return Enrolment{}, err
		}
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

// openEnrolment decrypts the seed.
func (s *Store) openEnrolment(aead cipher.AEAD, key, record []byte) (Enrolment, error) {
	e, sealed, err := decodeEnrolment(record)
	if err != nil {
		return Enrolment{}, err
	}
	seed, err := aead.Open(nil, nil, sealed, place(bucketEnrolments, key))
	if err != nil || len(seed) == 0 {
		return Enrolment{}, fmt.Errorf("the enrolment of %q cannot be decrypted: it was changed, or key file %q is another one", key, s.keyFile)
	}
	e.Seed = secret.New(seed)
	return e, nil
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
	return Enrolment{Identity: string(r.Identity), Created: r.Created,
		Algorithm: r.Algorithm, Digits: r.Digits, Period: time.Duration(r.Period) * time.Second}, r.Seed, nil
}
