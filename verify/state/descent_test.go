package state

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
)

func stepOf(n int) []byte { return fmt.Appendf(nil, "user %d", n) }

// spendMany spends step 60 for users, of whom a transaction has no more than it can
// write within maxWait on a busy machine.
func spendMany(t *testing.T, s *Store, users int) {
	t.Helper()
	const atOnce = 2000
	for first := 0; first < users; first += atOnce {
		must(t, s.do(t.Context(), func(x *txn) error {
			for i := first; i < min(first+atOnce, users); i++ {
				if err := x.put(bucketSteps, stepOf(i), binary.BigEndian.AppendUint64(nil, 60)); err != nil {
					return err
				}
			}
			return nil
		}))
	}
}

// The first operation of a process looks at the pages on its way only.
func TestPagesLookedAtDoNotGrowWithTheRecords(t *testing.T) {
	for _, users := range []int{100, 30_000} {
		s := newStore(t)
		spendMany(t, s, users)
		s = Open(s.path, s.keyFile)
		for _, name := range []string{"user 7", "nobody"} {
			must(t, s.do(t.Context(), func(x *txn) error {
				record, err := x.getOrProve(bucketSteps, []byte(name))
				if (record == nil) != (name == "nobody") {
					t.Errorf("%s among %d: %x", name, users, record)
				}
				if n := len(x.tree.parsed); n > 10 {
					t.Errorf("%s among %d: %d pages", name, users, n)
				}
				return err
			}))
		}
	}
}

// Whatever was put and deleted, in whatever order, bbolt writes pages as they are
// expected to be.
func TestPagesOfAnyHistoryAreWhole(t *testing.T) {
	s := newStore(t)
	r := rand.New(rand.NewPCG(1, 2))
	for round := range 60 {
		must(t, s.do(t.Context(), func(x *txn) error {
			var errs []error
			from, span, puts := r.IntN(3000), 1+r.IntN(1500), r.IntN(3) > 0
			for i := range span {
				if puts {
					errs = append(errs, x.put(bucketServers, stepOf(from+i), bytes.Repeat([]byte{1}, 8+r.IntN(1+r.IntN(6000)))))
				} else {
					errs = append(errs, x.delete(bucketServers, stepOf(from+i)))
				}
			}
			return errors.Join(errs...)
		}))
		if r, err := s.Check(t.Context()); err != nil || len(r.Faults) > 0 {
			t.Fatalf("round %d: %v, %v", round, r.Faults, err)
		}
	}
}

// What others write beside a damaged page must not make it whole with less on it:
// a spent step stays spent, or nothing is known.
func TestWritesBesideDamageDoNotHideIt(t *testing.T) {
	s := newStore(t)
	spendMany(t, s, 1500)
	good, err := os.ReadFile(s.path)
	must(t, err)
	r := rand.New(rand.NewPCG(3, 4))
	refused := 0
	for range 100 {
		bad := slices.Clone(good)
		at := r.IntN(len(bad))
		if r.IntN(2) == 0 { // where a page says what is on it
			at = at/pageSize*pageSize + r.IntN(100)
		}
		bad[at] ^= 1 << r.IntN(8)
		must(t, os.WriteFile(s.path, bad, 0o600))
		for range 4 {
			deleteSome(s, r.IntN(1500))
		}
		refused += countRefused(t, s, at)
	}
	if refused == 0 {
		t.Error("no damage was met")
	}
}

// deleteSome deletes two of three steps from one on.
func deleteSome(s *Store, from int) {
	_ = s.do(context.Background(), func(x *txn) error {
		for i := from; i < min(from+40, 1500); i++ {
			if i%3 == 0 {
				continue
			}
			if err := x.delete(bucketSteps, stepOf(i)); err != nil {
				return err
			}
		}
		return nil
	})
}

func countRefused(t *testing.T, s *Store, at int) (refused int) {
	t.Helper()
	err := s.do(t.Context(), func(x *txn) error {
		for i := 0; i < 1500; i += 3 {
			last, _, err := x.lastStep(string(stepOf(i)))
			if err != nil {
				refused++
			} else if last == nil || *last != 60 {
				t.Fatalf("byte %d flipped: user %d has %v", at, i, last)
			}
		}
		return nil
	})
	if err != nil {
		refused++
	}
	return refused
}

// Who only reads does not wait for bbolt, which reads the list of free pages first.
func TestReadingOpensNoBbolt(t *testing.T) {
	s := stocked(t)
	s.rest()
	must(t, s.do(t.Context(), func(x *txn) error {
		_, err := x.getOrProve(bucketSteps, []byte("nobody"))
		_, has := x.has(bucketEnrolments, []byte("ada"))
		_, any := x.any(bucketRetries)
		if x.tx != nil || x.database.bolt != nil {
			t.Error("bbolt was opened")
		}
		return errors.Join(err, has, any)
	}))
}
