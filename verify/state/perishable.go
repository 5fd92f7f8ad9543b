package state

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// perishable are the buckets whose records expire. Their keys are hashes, so
// that a random place among them is as likely to hold an old record as any other.
var perishable = []string{bucketChallenges, bucketAttempts, bucketSessions, bucketRetries, bucketTokens, bucketServers}

const expirySize = 8 // bytes, Unix seconds

// putUntil writes a record that counts until expires, to the second, and removes
// some that have expired at now. That they cannot be removed is nothing to whoever
// comes by: they are others'.
func (t *txn) putUntil(bucket string, key, payload []byte, expires, now time.Time) error {
	if err := t.sweep(bucket, now); err != nil && t.notice != nil {
		t.notice(fmt.Sprintf("some %s that have expired cannot be removed, `state check` tells more: %v", bucket, err))
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

// sweep removes what has expired of the records that are on one page with a random
// key. A put adds one record, and a page has some ten: where more than a tenth have
// expired more go than come, and however many have, no operation pays for more than
// one page of them.
func (t *txn) sweep(bucket string, now time.Time) error {
	start := make([]byte, 16)
	_, _ = rand.Read(start) // never fails; it ends the process instead
	keys, err := t.expiredBeside(bucket, start, now)
	errs := []error{err}
	for _, key := range keys {
		errs = append(errs, t.deleteExpired(bucket, key, now))
	}
	return errors.Join(errs...)
}

// expiredBeside returns the keys of what has expired on the page of a key. That the
// disk does not give the page is an error of this alone.
func (t *txn) expiredBeside(bucket string, key []byte, now time.Time) (keys [][]byte, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			keys, err = nil, fmt.Errorf("%v", reason)
		}
	}()
	leaf, err := t.leaf(bucket, key, false)
	if err != nil {
		return nil, err
	}
	for i := range leaf.count {
		if isExpired(bucket, leaf.key(i), leaf.value(i), now) {
			keys = append(keys, leaf.key(i))
		}
	}
	return keys, nil
}

// isExpired says no of a damaged record: it stays for those who need it, and for
// `state check`. Most have not expired, and their checksums need not be computed.
func isExpired(bucket string, key, value []byte, now time.Time) bool {
	if expired, err := hasExpired(bucket, value[min(checksumSize, len(value)):], now); err != nil || !expired {
		return false
	}
	_, err := unseal(bucket, key, value)
	return err == nil
}

// deleteExpired looks once more: the record may have been written since the
// transaction began.
func (t *txn) deleteExpired(bucket string, key []byte, now time.Time) error {
	record, err := t.get(bucket, key)
	if err != nil || record == nil {
		return err
	}
	if expired, err := hasExpired(bucket, record, now); err != nil || !expired {
		return err
	}
	return t.delete(bucket, key)
}
