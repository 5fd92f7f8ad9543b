package state

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/netip"
	"slices"
	"time"
)

// awaitFor is how long after an outage a client is awaited: it tries every 30
// seconds, as TEMP told it to, and each try that falls into the outage counts anew.
const awaitFor = 10 * time.Minute

// awaited is false as well where the clock was put back since.
func (r *sessionRecord) awaited(now time.Time) bool {
	return now.Before(r.AwaitedUntil) && !r.AwaitedUntil.After(now.Add(awaitFor))
}

// AwaitReturn lets the token of a session outlive it, for some minutes: an outage
// has sent the client away, and it comes back by that token. It is awaited until it
// is up again, or its user logs in by password from the same address and with the
// same certificate. ErrNotFound without a session.
func (s *Store) AwaitReturn(ctx context.Context, place Place, now time.Time) error {
	return s.do(ctx, func(t *txn) error {
		r, err := t.knownSession(placeKey(place), now)
		if err != nil {
			return err
		}
		r.AwaitedUntil = now.Add(awaitFor)
		return errors.Join(t.putSession(*r, now), t.listAwaited(r, now))
	})
}

// returned is called when the client of a session is let in by its token. What has
// ended is kept until it is up again: its connection may fail once more.
func (t *txn) returned(place []byte, now time.Time) error {
	r, err := t.session(place, now)
	if err != nil || r == nil || !r.awaited(now) || r.Ended {
		return err
	}
	r.AwaitedUntil = time.Time{}
	return t.putSession(*r, now)
}

// forgetReturned ends the wait for a client that is up in another place by now.
func (t *txn) forgetReturned(place []byte, now time.Time) error {
	if len(place) == 0 {
		return nil
	}
	r, err := t.session(place, now)
	if err != nil || r == nil {
		return err
	}
	return t.awaitNoMore(r, now)
}

func (t *txn) awaitNoMore(r *sessionRecord, now time.Time) error {
	switch {
	case r.Ended:
		return t.forgetSession(r)
	case r.awaited(now):
		r.AwaitedUntil = time.Time{}
		return t.putSession(*r, now)
	}
	return nil
}

// awaitedKey leads, among the tokens, from a client without one to the places where
// it is awaited.
func awaitedKey(r *sessionRecord) []byte {
	address := netip.Addr.Unmap(r.Address)
	key := sha256.Sum256(joined(nil, []byte("awaited"), []byte(Key(string(r.Identity))), r.CommonName, address.AsSlice()))
	return key[:]
}

// listAwaited adds the place, and drops those at which nobody is awaited any more.
func (t *txn) listAwaited(r *sessionRecord, now time.Time) error {
	key, place := awaitedKey(r), placeKey(r.place())
	before, err := t.getUntil(bucketTokens, key, now)
	if err != nil {
		return err
	}
	list := slices.Clone(place)
	for other := range slices.Chunk(before, sha256.Size) {
		if slices.Equal(other, place) {
			continue
		}
		s, err := t.session(other, now)
		if err != nil {
			return err
		}
		if s != nil && s.awaited(now) {
			list = append(list, other...)
		}
	}
	return t.putUntil(bucketTokens, key, list, r.AwaitedUntil, now)
}

// endAwaited is called when a client has logged in by password: its tokens would
// bring back somebody else.
func (t *txn) endAwaited(login *sessionRecord, now time.Time) error {
	key := awaitedKey(login)
	list, err := t.getUntil(bucketTokens, key, now)
	if err != nil || list == nil {
		return err
	}
	for place := range slices.Chunk(list, sha256.Size) {
		r, err := t.session(place, now)
		if err == nil && r != nil {
			err = t.awaitNoMore(r, now)
		}
		if err != nil {
			return err
		}
	}
	return t.delete(bucketTokens, key)
}
