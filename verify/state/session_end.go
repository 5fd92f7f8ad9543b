package state

import (
	"context"
	"errors"
	"time"
)

// EndSession forgets the session of a place with its token, unless its client is
// awaited; ErrNotFound without one.
func (s *Store) EndSession(ctx context.Context, place Place, now time.Time) error {
	return s.do(ctx, func(t *txn) error {
		r, err := t.knownSession(placeKey(place), now)
		if err != nil {
			return err
		}
		if r.awaited(now) {
			r.Ended = true
			return t.putSession(*r, now)
		}
		return t.forgetSession(r)
	})
}

func (t *txn) forgetSession(r *sessionRecord) error {
	return errors.Join(t.forgetToken(r), t.delete(bucketSessions, placeKey(r.place())))
}
