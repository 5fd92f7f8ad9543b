package state

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"time"
)

// LockOut is what a counter with too many failures has.
type LockOut struct {
	Kind  string // CountUser, CountFactor or CountAddress
	Name  string // as it was typed first
	Until time.Time
}

// unlocked is what most counters' records have in them; one look for it spares
// them being checked and decoded.
var unlocked = []byte(`"LockedUntil":"` + time.Time{}.Format(time.RFC3339) + `"`)

// LockedOut lists who is locked out at now. Without a database that is nobody, and
// none is made; a record that is damaged is not listed, `state check` tells of it.
func (s *Store) LockedOut(ctx context.Context, now time.Time) ([]LockOut, error) {
	if _, err := os.Stat(s.path); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return ask(ctx, s, func(t *txn) (locks []LockOut, err error) {
		err = t.each(bucketAttempts, func(k, v []byte) error {
			if bytes.Contains(v, unlocked) {
				return nil
			}
			var a attempts
			record, err := unseal(bucketAttempts, k, v)
			if err != nil || len(record) < expirySize || json.Unmarshal(record[expirySize:], &a) != nil {
				return nil
			}
			if a.locked(now) && a.Kind != CountPlace {
				locks = append(locks, LockOut{a.Kind, string(a.Name), a.LockedUntil})
			}
			return nil
		})
		return locks, err
	})
}
