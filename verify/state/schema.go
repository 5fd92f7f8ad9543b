package state

import (
	"encoding/binary"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"
)

// schemaVersion 2 added attempts, sessions and servers, and expiry times inside
// the records.
const schemaVersion = 2

// lay makes the buckets of a new database.
func lay(tx *bbolt.Tx) error {
	for _, name := range buckets {
		if _, err := tx.CreateBucketIfNotExists([]byte(name)); err != nil {
			return err
		}
	}
	t := &txn{tx: tx}
	return t.put(bucketMeta, []byte("schema"), binary.BigEndian.AppendUint64(nil, schemaVersion))
}

func (t *txn) readSchema() (uint64, error) {
	b, err := t.get(bucketMeta, []byte("schema"))
	switch {
	case err != nil:
		return 0, err
	case len(b) != 8:
		return 0, errors.New("no schema version: the file is damaged or not ovpn-verify's")
	}
	return binary.BigEndian.Uint64(b), nil
}

// checkSchema brings an older database up to date, once all of it was read. What
// is kept for minutes only, pending challenges, begins anew.
func (d *database) checkSchema() (upgraded bool, err error) {
	version, err := (&txn{database: d}).readSchema()
	switch {
	case err != nil:
		return false, err
	case version == schemaVersion:
		return false, nil
	case version != 1:
		return false, fmt.Errorf("schema version %d, this program knows %d: use the ovpn-verify that wrote it, or a newer one", version, schemaVersion)
	}
	if err := d.checkWhole(); err != nil {
		return false, err
	}
	tx, err := d.begin()
	if err != nil {
		return false, err
	}
	if err := upgradeFrom1(tx); err != nil {
		return false, errors.Join(err, tx.Rollback())
	}
	return true, tx.Commit()
}

func upgradeFrom1(tx *bbolt.Tx) error {
	for _, name := range []string{bucketChallenges, "challenge expiries"} {
		if err := tx.DeleteBucket([]byte(name)); err != nil {
			return err
		}
	}
	if err := lay(tx); err != nil {
		return err
	}
	t := &txn{tx: tx}
	enrolments, err := t.bucket(bucketEnrolments)
	if err != nil {
		return err
	}
	return enrolments.ForEach(func(key, _ []byte) error { return t.beginSteps(key, 0) })
}
