package state

import (
	"context"
	"crypto/sha256"
	"errors"
	"time"

	"ovpn-verify/verify/primary"
)

// Challenge is a question that waits for its answer.
type Challenge struct {
	Username     string // as typed; the answer must come under the same name
	CommonName   string // of the client's certificate, "" without one
	Address      string // of the client, "" when unknown
	Identity     primary.Identity
	Kind         string // whose question it is; the caller's choice
	BackendState []byte // what the backend wants back, opaque
	Expires      time.Time
	Round        int // how many questions came before, for the caller to limit
}

// PutChallenge keeps c under id, a challenge state of 128 random bits, until it
// is taken. An id in use is ErrExists.
//
// The id opens the record: it is kept under the id's SHA-256 and encrypted with a
// key made from the id, so that the file gives away neither pending ids nor the
// attributes of who logs in.
func (s *Store) PutChallenge(ctx context.Context, id string, c Challenge, now time.Time) error {
	return s.do(ctx, func(t *txn) error { return t.putChallenge(id, c, now) })
}

func (t *txn) putChallenge(id string, c Challenge, now time.Time) error {
	if !c.Expires.After(now) {
		return errors.New("the challenge has expired before it is kept")
	}
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
	return t.putUntil(bucketChallenges, key[:], record, c.Expires, now)
}

// TakeChallenge returns the challenge and forgets it, on disk, before it returns:
// of all who ask for an id one gets it. One that expired at or before now is
// forgotten too and answered with ErrExpired; or with ErrNotFound, as all unknown
// ids, once it was swept away.
func (s *Store) TakeChallenge(ctx context.Context, id string, now time.Time) (Challenge, error) {
	return ask(ctx, s, func(t *txn) (Challenge, error) { return t.takeChallenge(id, now) })
}

func (t *txn) takeChallenge(id string, now time.Time) (Challenge, error) {
	key := sha256.Sum256([]byte(id))
	record, err := t.get(bucketChallenges, key[:])
	if err != nil {
		return Challenge{}, err
	}
	if record == nil {
		return Challenge{}, ErrNotFound
	}
	if len(record) < expirySize {
		return Challenge{}, errors.New("a challenge is damaged")
	}
	c, err := decodeChallenge(id, record[expirySize:])
	if err != nil {
		return Challenge{}, err
	}
	err = t.delete(bucketChallenges, key[:])
	if err == nil && !now.Before(c.Expires) {
		err = ErrExpired // an answer: the deletion stands
	}
	return c, err
}

// Taken is what became of taking a challenge: Err is ErrNotFound or ErrExpired.
type Taken struct {
	Challenge
	Err error
}

// BeginAnswer is BeginAttempt for the answer to a question, and takes that in the
// same transaction: nobody who may not begin ends the challenge, nor does an answer that
// began too late for its caller.
func (s *Store) BeginAnswer(ctx context.Context, id string, counters []Counter, challenge string, now, until time.Time) (Taken, error) {
	var taken Taken
	return askOrUndo(ctx, s,
		func(t *txn) (_ Taken, err error) {
			taken, err = t.beginAnswer(id, counters, challenge, now, until)
			return taken, err
		},
		func(t *txn) error {
			// The attempt tells that the challenge was taken with it. Else another answer may have.
			begun, err := t.unbegin(id, counters)
			if err != nil || !begun || taken.Err != nil {
				return err
			}
			return t.putChallenge(challenge, taken.Challenge, now)
		})
}

func (t *txn) beginAnswer(id string, counters []Counter, challenge string, now, until time.Time) (Taken, error) {
	if err := t.beginAttempt(id, counters, now, until); err != nil {
		return Taken{}, err
	}
	c, err := t.takeChallenge(challenge, now)
	if err != nil && !isAnswer(err) {
		return Taken{}, err
	}
	return Taken{c, err}, nil
}
