package state

import (
	"fmt"
	"os"
	"testing"
	"time"

	"ovpn-verify/verify/trace"
)

// What has expired is removed from pages that the login has nothing to do with: that
// one of them is damaged is nothing to it, but the log has it.
func TestSweepingADamagedPageFailsNobody(t *testing.T) {
	s := newStore(t)
	put := func(tx *txn, i int, at time.Time) error {
		return tx.putUntil(bucketServers, hashKey(fmt.Sprint(i))(), make([]byte, 100), at.Add(time.Minute), at)
	}
	must(t, s.do(t.Context(), func(tx *txn) error {
		for i := range 200 {
			if err := put(tx, i, now); err != nil {
				return err
			}
		}
		return nil
	}))
	damageLeaf(t, s)
	steps := &trace.Trace{}
	ctx := trace.With(t.Context(), steps)
	done := 0
	for i := range 400 {
		must(t, s.do(ctx, func(tx *txn) error {
			if _, err := tx.leaf(bucketServers, hashKey(fmt.Sprint(i))(), false); err != nil {
				return nil // its own page
			}
			done++
			return put(tx, i, now.Add(time.Second))
		}))
	}
	if notes := steps.Notes(); done < 200 || len(notes) != 1 {
		t.Errorf("%d were put, with the notes %q", done, notes)
	}
}

// damageLeaf damages one of the leaves with the servers.
func damageLeaf(t *testing.T, s *Store) {
	t.Helper()
	content, err := os.ReadFile(s.path)
	must(t, err)
	must(t, s.do(t.Context(), func(tx *txn) error {
		leaf, err := tx.leaf(bucketServers, hashKey("7")(), false)
		if err == nil {
			id := native.Uint64(leaf.b)
			native.PutUint16(content[id*pageSize+10:], 0xFFF)
		}
		return err
	}))
	must(t, os.WriteFile(s.path, content, 0o600))
}

// The disk does not give the page: of the mapping that is a fault.
func TestSweepingAPageThatCannotBeReadFailsNobody(t *testing.T) {
	s := newStore(t)
	must(t, s.AvoidServer(t.Context(), "ldap://a", now.Add(time.Minute), now))
	must(t, s.do(t.Context(), func(tx *txn) error {
		tx.tree.mapped = nil // each look at a page is out of range
		tx.tree.parsed = map[uint64]*page{}
		if _, err := tx.expiredBeside(bucketServers, make([]byte, 16), now); err == nil {
			t.Error("there was a page")
		}
		return nil
	}))
}
