package state

import (
	"bytes"
	"context"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"go.etcd.io/bbolt"
)

// Report is what Check found in a database whose pages are whole.
type Report struct {
	Schema  uint64  // version of the layout
	Size    int64   // of the file, in bytes
	Buckets []Count // in the order in which the program knows them
	Faults  []error // each names a record or a bucket; none: everything is fine
}

// Count is a bucket's number of records.
type Count struct {
	Bucket  string
	Records int
}

// maxFaults bounds a report: a failing disk damages thousands of records alike.
const maxFaults = 20

// Check reads everything: the pages, each record's checksum, each bucket's number
// of records, the time of what expires, and whether each enrolment opens with the
// key file. It makes no database and changes none, except that an older layout is
// brought up to date as by every operation. The lock is held meanwhile, some
// milliseconds for 10,000 records.
//
// The error means that there was nothing to look at, or that the file is damaged
// below the records; it wraps ErrUnavailable. What is wrong with records is in
// the report.
func (s *Store) Check(ctx context.Context) (Report, error) {
	info, err := s.present()
	if err != nil {
		return Report{}, s.unavailable(err)
	}
	r, err := ask(ctx, s, s.examine)
	r.Size = info.Size()
	return r, err
}

// present refuses when there is no database, which an operation would make.
func (s *Store) present() (os.FileInfo, error) {
	info, err := os.Stat(s.path)
	if !errors.Is(err, fs.ErrNotExist) {
		return info, err
	}
	if _, keyErr := os.Lstat(s.keyFile); keyErr == nil {
		return nil, fmt.Errorf("the database is gone, but its key file %q is there: restore the database", s.keyFile)
	}
	return nil, errors.New("there is no database yet: the first `totp enroll` or the first login that needs one makes it")
}

// examination collects faults, all of them, until there are too many to read.
type examination struct {
	t      *txn
	faults []error
	more   int
}

func (x *examination) fault(format string, a ...any) {
	if len(x.faults) == maxFaults {
		x.more++
		return
	}
	x.faults = append(x.faults, fmt.Errorf(format, a...))
}

func (s *Store) examine(t *txn) (Report, error) {
	if err := t.checkWhole(); err != nil {
		return Report{}, err
	}
	x := &examination{t: t}
	r := Report{Schema: schemaVersion} // every transaction begins with a look at it
	x.strangers()
	for _, name := range buckets {
		r.Buckets = append(r.Buckets, Count{name, x.bucket(name)})
	}
	x.enrolments(s)
	if x.more > 0 {
		x.faults = append(x.faults, fmt.Errorf("and %d more", x.more))
	}
	r.Faults = x.faults
	return r, nil
}

// strangers are buckets that this program does not make.
func (x *examination) strangers() {
	if _, err := x.t.bucket(bucketMeta); err != nil {
		x.fault("%w", err)
		return
	}
	_ = x.t.tx.ForEach(func(name []byte, _ *bbolt.Bucket) error {
		if !slices.Contains(buckets, string(name)) {
			x.fault("bucket %q is none of this program's", name)
		}
		return nil
	})
}

// bucket checks what all records have in common, and counts them.
func (x *examination) bucket(name string) (records int) {
	b, err := x.t.bucket(name)
	if err != nil {
		x.fault("%w", err)
		return 0
	}
	var before []byte
	_ = b.ForEach(func(k, v []byte) error {
		records++
		if record, err := unseal(name, k, v); err != nil {
			x.fault("%w", err)
		} else if !wellFormed(name, record) {
			x.fault("record %q among the %s is none: %d bytes", k, name, len(record))
		}
		// A lookup goes by the order of keys, also on inner pages.
		if before != nil && bytes.Compare(before, k) >= 0 || b.Get(k) == nil && v != nil {
			x.fault("record %q among the %s is out of place: it cannot be found", k, name)
		}
		before = k
		return nil
	})
	if uint64(records) != b.Sequence() {
		x.fault("%d of the %d %s can be found", records, b.Sequence(), name)
	}
	return records
}

// wellFormed tells what its checksum does not: whether a record was ever one.
func wellFormed(bucket string, record []byte) bool {
	switch {
	case bucket == bucketSteps:
		return len(record) == 8
	case bucket == bucketRecovery:
		return len(record)%sha256.Size == 0
	case slices.Contains(perishable, bucket):
		return len(record) >= expirySize && binary.BigEndian.Uint64(record) > 0
	}
	return true
}

// enrolments opens each with the key file. A key file that is no use to anybody
// is a fault as soon as it is there: the first enrolment would fail.
func (x *examination) enrolments(s *Store) {
	b, err := x.t.bucket(bucketEnrolments)
	if err != nil {
		return
	}
	first, _ := b.Cursor().First()
	if _, err := os.Lstat(s.keyFile); first == nil && errors.Is(err, fs.ErrNotExist) {
		return
	}
	aead, err := s.encryption()
	if err != nil {
		x.fault("%w", err)
		return
	}
	_ = b.ForEach(func(k, v []byte) error {
		if record, err := unseal(bucketEnrolments, k, v); err == nil { // otherwise reported already
			x.enrolment(s, aead, k, record)
		}
		return nil
	})
}

func (x *examination) enrolment(s *Store, aead cipher.AEAD, key, record []byte) {
	e, sealed, err := decodeEnrolment(record)
	if err != nil {
		x.fault("%q: %w", key, err)
		return
	}
	if Key(e.Identity) != string(key) {
		x.fault("the enrolment of %q is kept under %q", e.Identity, key)
	}
	seed, err := aead.Open(nil, nil, sealed, place(bucketEnrolments, key))
	if err != nil || len(seed) == 0 {
		x.fault("the enrolment of %q cannot be decrypted: it was changed, or key file %q is another one", key, s.keyFile)
	}
	clear(seed)
}
