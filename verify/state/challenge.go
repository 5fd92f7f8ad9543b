package state

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"time"

	"ovpn-verify/verify/primary"
)

// Challenge is a question that waits for its answer.
type Challenge struct {
	Username     string // as typed; the answer must come under the same name
	CommonName   string // of the client's certificate, "" without one
	Identity     primary.Identity
	Kind         string // whose question it is; the caller's choice
	BackendState []byte // what the backend wants back, opaque
	Expires      time.Time
	Round        int // how many questions came before, for the caller to limit
}

// maxSweep bounds the expired challenges that one PutChallenge removes, and so
// its time; it removes more than it adds.
const maxSweep = 100

// PutChallenge keeps c under id, a challenge state of 128 random bits, until it
// is taken. An id in use is ErrExists. Challenges expired at now are removed in
// passing.
//
// The id opens the record: it is kept under the id's SHA-256 and encrypted with a
// key made from the id, so that the file gives away neither pending ids nor the
// attributes of who logs in.
func (s *Store) PutChallenge(ctx context.Context, id string, c Challenge, now time.Time) error {
	if !c.Expires.After(now) {
		return s.unavailable(errors.New("the challenge has expired before it is kept"))
	}
	return s.do(ctx, func(t *txn) error {
		if err := sweep(t, now); err != nil {
			return err
		}
		return storeChallenge(t, id, c)
	})
}

func storeChallenge(t *txn, id string, c Challenge) error {
	key := sha256.Sum256([]byte(id))
	if found, err := t.has(bucketChallenges, key[:]); err != nil {
		return err
	} else if found {
		return ErrExists
	}
	record, err := encodeChallenge(id, c)
	if err != nil {
		return err
	}
	return errors.Join(
		t.put(bucketChallenges, key[:], record),
		t.put(bucketExpiries, expiryKey(c.Expires, key), nil))
}

// TakeChallenge returns the challenge and forgets it, on disk, before it returns:
// of all who ask for an id one gets it. One that expired at or before now is
// forgotten too and answered with ErrExpired; or with ErrNotFound, as all unknown
// ids, once it was removed in passing.
func (s *Store) TakeChallenge(ctx context.Context, id string, now time.Time) (Challenge, error) {
	return ask(ctx, s, func(t *txn) (Challenge, error) {
		key := sha256.Sum256([]byte(id))
		record, err := t.get(bucketChallenges, key[:])
		if err != nil {
			return Challenge{}, err
		}
		if record == nil {
			return Challenge{}, ErrNotFound
		}
		c, err := decodeChallenge(id, record)
		if err != nil {
			return Challenge{}, err
		}
		err = errors.Join(
			t.delete(bucketChallenges, key[:]),
			t.delete(bucketExpiries, expiryKey(c.Expires, key)))
		if err == nil && !now.Before(c.Expires) {
			err = ErrExpired // an answer: the deletion stands
		}
		return c, err
	})
}

// expiryKey orders by time. Seconds, rounded up: nothing is swept too early.
func expiryKey(expires time.Time, key [sha256.Size]byte) []byte {
	return append(binary.BigEndian.AppendUint64(nil, uint64(max(expires.Unix(), 0)+1)), key[:]...)
}

func sweep(t *txn, now time.Time) error {
	b, err := t.bucket(bucketExpiries)
	if err != nil {
		return err
	}
	var expired [][]byte
	limit := binary.BigEndian.AppendUint64(nil, uint64(max(now.Unix(), 0)))
	cursor := b.Cursor()
	for k, _ := cursor.First(); k != nil && len(expired) < maxSweep && string(k) < string(limit); k, _ = cursor.Next() {
		if len(k) != len(limit)+sha256.Size {
			return errors.New("an expiry of a challenge is damaged")
		}
		expired = append(expired, append([]byte{}, k...))
	}
	for _, k := range expired {
		if err := errors.Join(t.delete(bucketExpiries, k), t.delete(bucketChallenges, k[len(limit):])); err != nil {
			return err
		}
	}
	return nil
}
