package state

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"
)

// The database's buckets.
const (
	bucketMeta       = "meta"
	bucketChallenges = "challenges"
	bucketSteps      = "spent steps"
	bucketEnrolments = "enrolments"
	bucketRecovery   = "recovery codes"
	bucketAttempts   = "attempts"
	bucketSessions   = "sessions"
	bucketRetries    = "retries"
	bucketTokens     = "session tokens"
	bucketServers    = "servers"
)

var buckets = []string{
	bucketMeta, bucketChallenges, bucketSteps, bucketEnrolments, bucketRecovery,
	bucketAttempts, bucketSessions, bucketRetries, bucketTokens, bucketServers,
}

// txn is a transaction whose records are checked.
type txn struct {
	tx    *bbolt.Tx
	dirty bool // something was put or deleted: there is something to commit

	proven map[string]bool // buckets in which what is not found is not there
}

func (t *txn) bucket(name string) (*bbolt.Bucket, error) {
	b := t.tx.Bucket([]byte(name))
	if b == nil {
		return nil, fmt.Errorf("bucket %q is missing: the file is damaged or not ovpn-verify's", name)
	}
	return b, nil
}

// get returns nil when there is no such record. The slice is the caller's.
func (t *txn) get(bucket string, key []byte) ([]byte, error) {
	b, err := t.bucket(bucket)
	if err != nil {
		return nil, err
	}
	value := b.Get(key)
	if value == nil {
		return nil, nil
	}
	return unseal(bucket, key, value)
}

// has looks for a record without reading it, so that a damaged one can be removed.
func (t *txn) has(bucket string, key []byte) (bool, error) {
	b, err := t.bucket(bucket)
	return err == nil && b.Get(key) != nil, err
}

// any tells whether the bucket has records.
func (t *txn) any(bucket string) (bool, error) {
	b, err := t.bucket(bucket)
	if err != nil {
		return false, err
	}
	first, _ := b.Cursor().First()
	return first != nil, nil
}

// getOrProve is get for records whose absence lets somebody in: a step that was
// not spent, a user without a second factor. bbolt's pages have no checksums, so
// a flipped bit in a key or an inner page hides records; before it says nil for
// the first time it reads the whole bucket.
func (t *txn) getOrProve(bucket string, key []byte) ([]byte, error) {
	value, err := t.get(bucket, key)
	if value != nil || err != nil || t.proven[bucket] {
		return value, err
	}
	b, err := t.bucket(bucket)
	if err != nil {
		return nil, err
	}
	var records uint64
	err = b.ForEach(func(k, v []byte) error {
		records++
		if bytes.Equal(k, key) {
			return fmt.Errorf("record %q among the %s is out of place", key, bucket)
		}
		_, err := unseal(bucket, k, v)
		return err
	})
	if err == nil && records != b.Sequence() {
		err = fmt.Errorf("%d of the %d %s can be found", records, b.Sequence(), bucket)
	}
	if err == nil && t.proven != nil {
		t.proven[bucket] = true
	}
	return nil, err
}

// put writes a record. The bucket's sequence number is its number of records.
func (t *txn) put(bucket string, key, payload []byte) error {
	b, err := t.bucket(bucket)
	if err != nil {
		return err
	}
	t.dirty = true
	if b.Get(key) == nil {
		err = b.SetSequence(b.Sequence() + 1)
	}
	return errors.Join(err, b.Put(key, append(checksum(bucket, key, payload), payload...)))
}

func (t *txn) delete(bucket string, key []byte) error {
	b, err := t.bucket(bucket)
	if err != nil || b.Get(key) == nil {
		return err
	}
	t.dirty = true
	return errors.Join(b.SetSequence(b.Sequence()-1), b.Delete(key))
}

const checksumSize = 8 // bytes

// checksum guards against a failing disk: a flipped bit in a spent step would
// let the code in again. It covers bucket and key, so that a record is not taken for another's. Against
// somebody who can write the file it is no help.
func checksum(bucket string, key, payload []byte) []byte {
	h := sha256.New()
	for _, part := range [][]byte{[]byte(bucket), key, payload} {
		_ = binary.Write(h, binary.BigEndian, uint32(len(part)))
		h.Write(part)
	}
	return h.Sum(nil)[:checksumSize]
}

func unseal(bucket string, key, value []byte) ([]byte, error) {
	if len(value) < checksumSize || !bytes.Equal(value[:checksumSize], checksum(bucket, key, value[checksumSize:])) {
		return nil, fmt.Errorf("record %q among the %s is damaged", key, bucket)
	}
	return append([]byte{}, value[checksumSize:]...), nil
}
