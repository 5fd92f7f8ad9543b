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

// txn is a transaction whose records are checked, and before them the pages that
// lead to them: a transaction changes none until it commits.
type txn struct {
	tx    *bbolt.Tx
	tree  *tree // nil where the whole file is known to be good, as it was just made
	dirty bool  // something was put or deleted: there is something to commit
}

// bucket is for those who read all of it, after all pages were checked.
func (t *txn) bucket(name string) (*bbolt.Bucket, error) {
	b := t.tx.Bucket([]byte(name))
	if b == nil {
		return nil, errNoBucket(name)
	}
	return b, nil
}

// at returns the bucket to read or put the key in, and nothing else.
func (t *txn) at(bucket string, key []byte) (*bbolt.Bucket, error) {
	if _, err := t.leaf(bucket, key, false); err != nil {
		return nil, err
	}
	return t.bucket(bucket)
}

// leaf checks the pages that lead to the key, and returns the one it is on.
func (t *txn) leaf(bucket string, key []byte, beside bool) (*page, error) {
	if t.tree == nil {
		return &page{leaf: true}, nil
	}
	leaf, err := t.tree.leaf(bucket, key, beside)
	if err != nil {
		return nil, damage(t.tx.DB().Path(), err)
	}
	return leaf, nil
}

// get returns nil when there is no such record. The slice is the caller's.
func (t *txn) get(bucket string, key []byte) ([]byte, error) {
	b, err := t.at(bucket, key)
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
	b, err := t.at(bucket, key)
	return err == nil && b.Get(key) != nil, err
}

// any tells whether the bucket has records.
func (t *txn) any(bucket string) (bool, error) {
	// Those that were just deleted may have been all of the first page.
	if _, err := t.leaf(bucket, nil, true); err != nil {
		return false, err
	}
	b, err := t.bucket(bucket)
	if err != nil {
		return false, err
	}
	first, _ := b.Cursor().First()
	return first != nil, nil
}

// getOrProve is get for records whose absence lets somebody in: a step that was
// not spent, a user without a second factor. bbolt's pages have no checksums, so
// a flipped bit in a key hides its record; before it says nil, all records that
// are where this one would be have to be good, and the next page has to begin
// with the key that their parent says.
func (t *txn) getOrProve(bucket string, key []byte) ([]byte, error) {
	value, err := t.get(bucket, key)
	if value != nil || err != nil {
		return value, err
	}
	leaf, err := t.leaf(bucket, key, true)
	if err != nil {
		return nil, err
	}
	for i := range leaf.count {
		if _, err := unseal(bucket, leaf.key(i), leaf.value(i)); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// put writes a record. The bucket's sequence number is its number of records.
func (t *txn) put(bucket string, key, payload []byte) error {
	b, err := t.at(bucket, key)
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
	if _, err := t.leaf(bucket, key, true); err != nil {
		return err
	}
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
