package state

import (
	"context"
	"crypto/sha256"
	"time"
)

// AvoidServer remembers, for workers to come, that a server gave no answer, until
// the time given. A time that is not after now forgets it.
func (s *Store) AvoidServer(ctx context.Context, server string, until, now time.Time) error {
	return s.do(ctx, func(t *txn) error {
		key := sha256.Sum256([]byte(server))
		if !until.After(now) {
			return t.delete(bucketServers, key[:])
		}
		stamp, err := until.MarshalBinary()
		if err != nil {
			return err
		}
		return t.putUntil(bucketServers, key[:], stamp, until, now)
	})
}

// AvoidedServers returns those of the servers that are to be avoided at now, and
// until when.
func (s *Store) AvoidedServers(ctx context.Context, servers []string, now time.Time) (map[string]time.Time, error) {
	return ask(ctx, s, func(t *txn) (map[string]time.Time, error) {
		avoided := map[string]time.Time{}
		for _, server := range servers {
			key := sha256.Sum256([]byte(server))
			stamp, err := t.getUntil(bucketServers, key[:], now)
			if err != nil {
				return nil, err
			}
			if stamp == nil {
				continue
			}
			var until time.Time
			if err := until.UnmarshalBinary(stamp); err != nil {
				return nil, err
			}
			if until.After(now) {
				avoided[server] = until
			}
		}
		return avoided, nil
	})
}
