package state

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.etcd.io/bbolt"
)

// filled is a store with enough in it for branch pages, and its content.
func filled(t *testing.T) (*Store, []byte) {
	t.Helper()
	s := newStore(t)
	must(t, s.PutEnrolment(t.Context(), enrolment("ada", "seed")))
	must(t, s.do(t.Context(), func(tx *txn) error {
		for i := range 300 {
			if err := tx.put(bucketSteps, fmt.Appendf(nil, "user %d", i), binary.BigEndian.AppendUint64(nil, 60)); err != nil {
				return err
			}
		}
		return nil
	}))
	must(t, s.SpendStep(t.Context(), "ada", 60, Counter{}, now))
	content, err := os.ReadFile(s.path)
	must(t, err)
	return s, content
}

func TestDamagedFileIsAnErrorAndStaysAsItIs(t *testing.T) {
	s, good := filled(t)
	if len(good) < 8*pageSize {
		t.Fatalf("%d bytes", len(good))
	}
	garbage := []byte(strings.Repeat("this is no database\n", 2000))
	flipped := func(at int) []byte {
		b := append([]byte{}, good...)
		b[at] ^= 0x10
		return b
	}
	zeroed := append(append([]byte{}, good[:2*pageSize]...), make([]byte, len(good)-2*pageSize)...)
	for name, content := range map[string][]byte{
		"empty": {}, "one byte": {1}, "garbage": garbage, "zeros": make([]byte, len(good)),
		"first page only": good[:pageSize], "meta pages only": good[:2*pageSize], "half": good[:len(good)/2/pageSize*pageSize],
		"no pages but meta": zeroed, "first meta page": flipped(40), "second meta page": flipped(pageSize + 40),
		"page that is its own child": circular(t, good), "keys outside of the file": outside(good),
	} {
		must(t, os.WriteFile(s.path, content, 0o600))
		for range 2 {
			err := s.SpendStep(t.Context(), "ada", 60, Counter{}, now)
			if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "damaged") || !strings.Contains(err.Error(), s.path) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if after, err := os.ReadFile(s.path); err != nil || string(after) != string(content) {
			t.Errorf("%s: the file was changed", name)
		}
	}
	must(t, os.WriteFile(s.path, good, 0o600))
	if err := s.SpendStep(t.Context(), "ada", 60, Counter{}, now); !errors.Is(err, ErrSpent) {
		t.Errorf("after the file was restored: %v", err)
	}
}

// circular has a branch page whose first child is the page itself: bbolt would go
// down until the stack is full, which no recover stops.
func circular(t *testing.T, good []byte) []byte {
	t.Helper()
	b := append([]byte{}, good...)
	for at := 0; at < len(b); at += pageSize {
		if page := b[at:]; native.Uint16(page[8:]) == flagBranch {
			native.PutUint64(page[pageHeader+8:], native.Uint64(page))
			return b
		}
	}
	t.Fatal("no branch page: too little in the store")
	return nil
}

// outside has keys far from their pages: bbolt's read of them would be a fault.
func outside(good []byte) []byte {
	b := append([]byte{}, good...)
	for at := 0; at < len(b); at += pageSize {
		if page := b[at:]; native.Uint16(page[8:]) == flagLeaf && native.Uint32(page[pageHeader:]) != uint32(ofBuckets) {
			for i := range int(native.Uint16(page[10:])) {
				native.PutUint32(page[pageHeader+i*element+4:], 0x70000000)
			}
		}
	}
	return b
}

// A flipped bit is found, or does not matter; it never lets a spent step in and
// never ends the process.
func TestFlippedBitNeverForgetsASpentStep(t *testing.T) {
	s, good := filled(t)
	for at := 0; at < len(good); at += 211 {
		bad := append([]byte{}, good...)
		bad[at] ^= byte(1 << (at & 7))
		must(t, os.WriteFile(s.path, bad, 0o600))
		if err := s.SpendStep(t.Context(), "ada", 60, Counter{}, now); !errors.Is(err, ErrSpent) && !errors.Is(err, ErrUnavailable) {
			t.Errorf("byte %d of %d: %v", at, len(good), err)
		}
	}
}

func TestHiddenRecordIsNoUnknownRecord(t *testing.T) {
	s, good := filled(t)
	hits := 0
	for at := 0; at+3 < len(good); at++ {
		if string(good[at:at+3]) != "ada" {
			continue
		}
		hits++
		bad := append([]byte{}, good...)
		bad[at] ^= 0x10
		must(t, os.WriteFile(s.path, bad, 0o600))
		if err := s.SpendStep(t.Context(), "ada", 60, Counter{}, now); !errors.Is(err, ErrSpent) && !errors.Is(err, ErrUnavailable) {
			t.Errorf("key at %d changed: spent step: %v", at, err)
		}
		if _, err := s.Enrolment(t.Context(), "ada"); errors.Is(err, ErrNotFound) {
			t.Errorf("key at %d changed: enrolment: %v", at, err)
		}
	}
	if hits < 2 {
		t.Fatalf("the key is there %d times", hits)
	}
}

func TestDamagedRecordHurtsNobodyElseInTheBatch(t *testing.T) {
	s, _ := filled(t)
	must(t, s.do(t.Context(), func(tx *txn) error {
		tx.dirty = true
		return tx.bolt().Bucket([]byte(bucketSteps)).Put([]byte("user 7"), []byte("not a record"))
	}))
	f, err := os.Open(s.path)
	must(t, err)
	must(t, syscall.Flock(int(f.Fd()), syscall.LOCK_EX)) // all that come now are one batch
	var wg sync.WaitGroup
	for i := range 10 {
		wg.Go(func() {
			name := fmt.Sprintf("user %d", i)
			err := s.SpendStep(t.Context(), name, 90, Counter{}, now)
			if i == 7 && (!errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), `"user 7"`)) || i != 7 && err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	time.Sleep(50 * time.Millisecond)
	must(t, f.Close())
	wg.Wait()
	for i := range 10 {
		if err := s.SpendStep(t.Context(), fmt.Sprintf("user %d", i), 90, Counter{}, now); i != 7 && !errors.Is(err, ErrSpent) {
			t.Errorf("user %d was told that the step is spent: %v", i, err)
		}
	}
}

func TestForeignAndNewerDatabasesAreRefused(t *testing.T) {
	s := newStore(t)
	must(t, s.do(t.Context(), func(tx *txn) error {
		return tx.put(bucketMeta, []byte("schema"), binary.BigEndian.AppendUint64(nil, schemaVersion+1))
	}))
	err := s.SpendStep(t.Context(), "ada", 1, Counter{}, now)
	if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "schema version 3, this program knows 2") {
		t.Errorf("newer: %v", err)
	}
	foreign := newStore(t)
	db, err := bbolt.Open(foreign.path, 0o600, nil)
	must(t, err)
	must(t, db.Close())
	err = foreign.SpendStep(context.Background(), "ada", 1, Counter{}, now)
	if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "not ovpn-verify's") {
		t.Errorf("foreign: %v", err)
	}
}

func TestLostDatabaseIsNotReplaced(t *testing.T) {
	s := newStore(t)
	must(t, s.PutEnrolment(t.Context(), enrolment("ada", "seed")))
	must(t, os.Remove(s.path))
	_, err := s.Enrolment(t.Context(), "ada")
	if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), s.keyFile) {
		t.Errorf("the database is gone: %v", err)
	}
	if err := s.SpendStep(t.Context(), "ada", 1, Counter{}, now); !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), s.keyFile) {
		t.Errorf("the database is gone, its key is there: %v", err)
	}
	if _, err := os.Stat(s.path); err == nil {
		t.Error("a new database was made")
	}
}

// The older meta page in the place of the newer takes the last transaction back.
func TestCopiedMetaPageIsDamage(t *testing.T) {
	for page := range 2 {
		s := newStore(t)
		must(t, s.SpendStep(t.Context(), "ada", 1, Counter{}, now))
		must(t, s.SpendStep(t.Context(), "ada", 2, Counter{}, now))
		content, err := os.ReadFile(s.path)
		must(t, err)
		copy(content[(1-page)*pageSize:(2-page)*pageSize], content[page*pageSize:(page+1)*pageSize])
		must(t, os.WriteFile(s.path, content, 0o600))
		if err := s.SpendStep(t.Context(), "ada", 2, Counter{}, now); !errors.Is(err, ErrUnavailable) {
			t.Errorf("page %d copied: %v", page, err)
		}
	}
}
