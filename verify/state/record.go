package state

import (
	"crypto/sha256"
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
// lead to them. It reads those pages itself until something is written, and through
// bbolt from then on, which changes none of them until it commits.
type txn struct {
	*database           // nil where the whole file is known to be good, as it was just made
	tx        *bbolt.Tx // nil until something is written
	dirty     bool      // something was put or deleted: there is something to commit

	notice func(string) // tells the log of what does not concern the op; nil: nobody
}

// bucket is for those who write, and for those who read all of a bucket once all
// pages were checked.
func (t *txn) bucket(name string) (*bbolt.Bucket, error) {
	if t.tx == nil {
		tx, err := t.begin()
		if err != nil {
			return nil, err
		}
		t.tx = tx
	}
	b := t.tx.Bucket([]byte(name))
	if b == nil {
		return nil, errNoBucket(name)
	}
	return b, nil
}

func (t *txn) end(commit bool) error {
	switch {
	case t.tx == nil:
		return nil
	case commit:
		return t.commit()
	}
	return t.tx.Rollback()
}

// commit looks after a failure whether the newest of the two meta pages is its own all
// the same: a disk may fail when it is told to keep what it has been given.
func (t *txn) commit() error {
	id := uint64(t.tx.ID())
	err := t.tx.Commit()
	if err == nil {
		return nil
	}
	if m, unreadable := newestMeta(t.f); unreadable != nil || m.txid >= id {
		return written(err)
	}
	return err
}

// leaf checks the pages that lead to the key, and returns the one it is on.
func (t *txn) leaf(bucket string, key []byte, beside bool) (*page, error) {
	if t.database == nil {
		return &page{leaf: true}, nil
	}
	leaf, err := t.tree.leaf(bucket, key, beside)
	if err != nil {
		return nil, damage(t.f.Name(), err)
	}
	return leaf, nil
}

// value returns nil when there is no such record. The slice is the file's.
func (t *txn) value(bucket string, key []byte) ([]byte, error) {
	leaf, err := t.leaf(bucket, key, false)
	if err != nil {
		return nil, err
	}
	if t.tx == nil {
		if i, found := leaf.search(key); found {
			return leaf.value(i), nil
		}
		return nil, nil
	}
	b, err := t.bucket(bucket)
	if err != nil {
		return nil, err
	}
	return b.Get(key), nil
}

// get returns nil when there is no such record. The slice is the caller's.
func (t *txn) get(bucket string, key []byte) ([]byte, error) {
	value, err := t.value(bucket, key)
	if err != nil || value == nil {
		return nil, err
	}
	record, err := unseal(bucket, key, value)
	if err != nil {
		return nil, err
	}
	return append([]byte{}, record...), nil
}

// has looks for a record without reading it, so that a damaged one can be removed.
func (t *txn) has(bucket string, key []byte) (bool, error) {
	value, err := t.value(bucket, key)
	return value != nil, err
}

// any tells whether the bucket has records.
func (t *txn) any(bucket string) (bool, error) {
	// Those that were just deleted may have been all of the first page.
	leaf, err := t.leaf(bucket, nil, true)
	if err != nil {
		return false, err
	}
	if t.tx == nil {
		return leaf.count > 0, nil
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
	found, err := t.has(bucket, key)
	if err != nil {
		return err
	}
	b, err := t.bucket(bucket)
	if err != nil {
		return err
	}
	t.dirty = true
	if !found {
		err = b.SetSequence(b.Sequence() + 1)
	}
	sum := checksum(bucket, key, payload)
	return errors.Join(err, b.Put(key, append(sum[:], payload...)))
}

func (t *txn) delete(bucket string, key []byte) error {
	if found, err := t.has(bucket, key); err != nil || !found {
		return err
	}
	if _, err := t.leaf(bucket, key, true); err != nil {
		return err
	}
	b, err := t.bucket(bucket)
	if err != nil {
		return err
	}
	t.dirty = true
	return errors.Join(b.SetSequence(b.Sequence()-1), b.Delete(key))
}

const checksumSize = 8 // bytes

// checksum guards against a failing disk: a flipped bit in a spent step would
// let the code in again. It covers bucket and key, so that a record is not taken for another's. Against
// somebody who can write the file it is no help.
func checksum(bucket string, key, payload []byte) [checksumSize]byte {
	var usual [512]byte // as long as most records
	sum := sha256.Sum256(joined(usual[:0], []byte(bucket), key, payload))
	return [checksumSize]byte(sum[:])
}

// unseal returns what of a value is the record, which is still the file's.
func unseal(bucket string, key, value []byte) ([]byte, error) {
	if len(value) < checksumSize || [checksumSize]byte(value) != checksum(bucket, key, value[checksumSize:]) {
		return nil, fmt.Errorf("record %q among the %s is damaged", key, bucket)
	}
	return value[checksumSize:], nil
}
