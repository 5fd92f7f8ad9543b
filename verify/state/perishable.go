package state

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/bbolt"
)

// perishable are the buckets whose records expire. Their keys are hashes, so
// that a random place among them is as likely to hold an old record as any other.
var perishable = []string{bucketChallenges, bucketAttempts, bucketSessions, bucketRetries, bucketTokens, bucketServers}

// sweepSize is how many records one put looks at. It adds one: where more than an
// eighth have expired it removes more than it adds.
const sweepSize = 8

const expirySize = 8 // bytes, Unix seconds

// putUntil writes a record that counts until expires, to the second, and removes
// some that have expired at now.
func (t *txn) putUntil(bucket string, key, payload []byte, expires, now time.Time) error {
	if err := t.sweep(bucket, now); err != nil {
		return err
	}
	// Rounded up: nothing goes before its time.
	stamp := binary.BigEndian.AppendUint64(nil, uint64(max(expires.Unix(), 0)+1))
	return t.put(bucket, key, append(stamp, payload...))
}

// getUntil returns nil when there is no such record, or only one that expired.
func (t *txn) getUntil(bucket string, key []byte, now time.Time) ([]byte, error) {
	record, err := t.get(bucket, key)
	if record == nil || err != nil {
		return nil, err
	}
	expired, err := hasExpired(bucket, record, now)
	if expired || err != nil {
		return nil, err
	}
	return record[expirySize:], nil
}

func hasExpired(bucket string, record []byte, now time.Time) (bool, error) {
	if len(record) < expirySize {
		return false, fmt.Errorf("a record among the %s is damaged", bucket)
	}
	return binary.BigEndian.Uint64(record) <= uint64(max(now.Unix(), 0)), nil
}

// sweep removes what has expired among some records after a random key.
func (t *txn) sweep(bucket string, now time.Time) error {
	b, err := t.bucket(bucket)
	if err != nil {
		return err
	}
	start := make([]byte, 16)
	_, _ = rand.Read(start) // never fails; it ends the process instead
	var errs []error
	for _, k := range expiredAfter(b, bucket, start, now) {
		errs = append(errs, t.delete(bucket, k))
	}
	return errors.Join(errs...)
}

// expiredAfter looks at some records from start on, and from the first on after
// the last. A damaged one stays for those who need it, and for `state check`.
func expiredAfter(b *bbolt.Bucket, bucket string, start []byte, now time.Time) (expired [][]byte) {
	cursor := b.Cursor()
	k, v := cursor.Seek(start)
	for range sweepSize {
		if k == nil {
			if k, v = cursor.First(); k == nil {
				return expired
			}
		}
		record, err := unseal(bucket, k, v)
		if err == nil {
			if gone, err := hasExpired(bucket, record, now); err == nil && gone {
				expired = append(expired, append([]byte{}, k...))
			}
		}
		k, v = cursor.Next()
	}
	return expired
}
