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
		key := placeKey(place)
		r, err := t.knownSession(key, now)
		if err != nil {
			return err
		}
		if r.Awaited {
			r.Ended = true
			return t.putSession(*r, now)
		}
		return errors.Join(t.forgetToken(r), t.delete(bucketSessions, key))
	})
}

// AwaitReturn lets the token of a session outlive it, until it expires: an outage
// has sent the client away, and it comes back by that token. ErrNotFound without
// a session.
func (s *Store) AwaitReturn(ctx context.Context, place Place, now time.Time) error {
	return s.do(ctx, func(t *txn) error {
		r, err := t.knownSession(placeKey(place), now)
		if err != nil {
			return err
		}
		r.Awaited = true
		return t.putSession(*r, now)
	})
}

// returned is called when the client of a session is let in from another place.
// What has ended is kept until it is up there: its connection may fail once more.
func (t *txn) returned(place []byte, now time.Time) error {
	r, err := t.session(place, now)
	if err != nil || r == nil || !r.Awaited || r.Ended {
		return err
	}
	r.Awaited = false
	return t.putSession(*r, now)
}

// forgetReturned ends what was kept for a client that is up in another place by now.
func (t *txn) forgetReturned(place []byte, now time.Time) error {
	if len(place) == 0 {
		return nil
	}
	r, err := t.session(place, now)
	if err != nil || r == nil || !r.Ended {
		return err
	}
	return errors.Join(t.forgetToken(r), t.delete(bucketSessions, place))
}
