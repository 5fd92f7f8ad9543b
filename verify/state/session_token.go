package state

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"time"

	"ovpn-verify/verify/secret"
)

// SessionUp marks the session of a place as established, which ends the grace for
// retries, and makes token, unless it is empty, good for it until it expires.
// ErrNotFound without a session. A token is 256 random bits: its SHA-256 gives nothing away.
func (s *Store) SessionUp(ctx context.Context, place Place, token secret.Text, now time.Time) error {
	return s.do(ctx, func(t *txn) error {
		if err := t.seeSession(now); err != nil {
			return err
		}
		r, err := t.knownSession(placeKey(place), now)
		if err != nil {
			return err
		}
		r.Up, r.Ended, r.AwaitedUntil = true, false, time.Time{}
		if err := t.forgetReturned(r.From, now); err != nil {
			return err
		}
		if token.Empty() {
			return t.putSession(*r, now)
		}
		hash := sha256.Sum256(token.Reveal())
		err = t.forgetToken(r)
		r.Token = hash[:]
		return errors.Join(err, t.putSession(*r, now), t.putUntil(bucketTokens, hash[:], placeKey(place), r.Expires, now))
	})
}

// SessionByToken returns the session that the token was made for, or ErrNotFound.
func (s *Store) SessionByToken(ctx context.Context, token secret.Text, now time.Time) (Session, error) {
	return ask(ctx, s, func(t *txn) (Session, error) {
		hash := sha256.Sum256(token.Reveal())
		place, err := t.getUntil(bucketTokens, hash[:], now)
		if err == nil && place == nil {
			err = ErrNotFound
		}
		if err != nil {
			return Session{}, err
		}
		r, err := t.knownSession(place, now)
		if err == nil && !bytes.Equal(r.Token, hash[:]) {
			err = ErrNotFound
		}
		if err != nil {
			return Session{}, err
		}
		s := r.session()
		s.Awaited = r.awaited(now)
		return s, nil
	})
}

func (t *txn) forgetToken(r *sessionRecord) error {
	if len(r.Token) == 0 {
		return nil
	}
	return t.delete(bucketTokens, r.Token)
}
