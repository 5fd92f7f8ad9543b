package state

import (
	"bytes"
	"fmt"
)

// walk reads all pages, to find besides what is wrong with single ones those that
// are used twice: for `state check`, and before everything of a kind is read.
type walk struct {
	*tree
	used []uint64 // a bit for each page
}

// checkWhole comes before everything of a bucket is read.
func (t *txn) checkWhole() error {
	if err := t.tree.checkWhole(); err != nil {
		return damage(t.tx.DB().Path(), err)
	}
	return nil
}

func (t *tree) checkWhole() error {
	w := walk{t, make([]uint64, t.pages/64+1)}
	if err := w.use(t.freelist); err != nil {
		return err
	}
	root, err := t.page(t.root, ofBuckets)
	if err != nil {
		return err
	}
	return w.visit(t.root, root, ofBuckets)
}

// use marks a page with its overflow.
func (w walk) use(id uint64) error {
	b, err := w.raw(id)
	if err != nil {
		return err
	}
	for n := id; n < id+uint64(len(b))/pageSize; n++ {
		if w.used[n/64]>>(n%64)&1 == 1 {
			return fmt.Errorf("page %d is used twice", n)
		}
		w.used[n/64] |= 1 << (n % 64)
	}
	return nil
}

func (w walk) visit(id uint64, p *page, k kind) error {
	if err := w.use(id); err != nil {
		return err
	}
	for i := range p.count {
		var err error
		switch {
		case !p.leaf:
			err = w.child(p, i, k)
		case k == ofBuckets:
			err = w.bucketAt(string(p.key(i)), p.value(i))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// child is called for each once, and a page that is used twice ends it: it cannot
// go down for ever.
func (w walk) child(branch *page, i int, k kind) error {
	p, err := w.below(branch, i, k)
	if err != nil {
		return err
	}
	if i+1 < branch.count && bytes.Compare(p.key(p.count-1), branch.key(i+1)) >= 0 {
		return fmt.Errorf("page %d has keys of the next one", branch.child(i))
	}
	return w.visit(branch.child(i), p, k)
}

func (w walk) bucketAt(name string, value []byte) error {
	p, err := w.rootOf(name, value)
	if err != nil {
		return err
	}
	if id := native.Uint64(value); id != 0 {
		return w.visit(id, p, ofRecords)
	}
	return nil
}
