package state

import (
	"bytes"
	"errors"
	"fmt"
)

// walk reads pages below one, to find besides what is wrong with single ones those
// that are used twice. The records that it comes by are for record.
type walk struct {
	*tree
	used   []uint64 // a bit for each page
	record func(key, value []byte) error
}

func (t *tree) walk(record func(key, value []byte) error) walk {
	return walk{t, make([]uint64, t.pages/64+1), record}
}

// checkWhole reads all pages.
func (d *database) checkWhole() error {
	w := d.tree.walk(func([]byte, []byte) error { return nil })
	err := errors.Join(d.tree.checkFree(), w.use(d.tree.freelist))
	if err == nil {
		var root *page
		if root, err = w.page(w.root, ofBuckets); err == nil {
			err = w.visit(w.root, root, ofBuckets)
		}
	}
	if err != nil {
		return damage(d.f.Name(), err)
	}
	return nil
}

// each calls do for all records of a bucket, as they were when the transaction
// began, in the order of their keys.
func (d *database) each(bucket string, do func(key, value []byte) error) error {
	var answer error
	value, err := d.tree.bucketValue(bucket)
	if err == nil {
		err = d.tree.walk(func(key, value []byte) error {
			answer = do(key, value)
			return answer
		}).bucketAt(bucket, value)
	}
	if err != nil && answer == nil {
		return damage(d.f.Name(), err)
	}
	return answer
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
	return w.elements(p, k)
}

func (w walk) elements(p *page, k kind) error {
	for i := range p.count {
		var err error
		switch {
		case !p.leaf:
			err = w.child(p, i, k)
		case k == ofBuckets:
			err = w.bucketAt(string(p.key(i)), p.value(i))
		default:
			err = w.record(p.key(i), p.value(i))
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
	id := native.Uint64(value)
	if id == 0 {
		return w.elements(p, ofRecords)
	}
	return w.visit(id, p, ofRecords)
}
