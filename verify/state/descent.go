package state

import (
	"bytes"
	"errors"
	"fmt"
)

// maxDepth is more than two children for each branch can make of 2^40 pages.
const maxDepth = 40

// step is a level of a descent: the page that the key is on or below, and the pages
// beside it, nil where there is none or they were not asked for.
type step struct{ left, at, right *page }

// descend checks all pages that bbolt reads on its way to key from root on, and
// returns the leaf on which it is or would be. With beside, also the pages on both
// sides at each level: a deletion may merge with them, and only where the next leaf
// begins shows that a key which is not on this one is nowhere.
//
// Each page has to begin with the key under which its parent has it, which is how
// bbolt writes them: so a flipped bit in a branch's key or reference is seen, too.
func (t *tree) descend(root *page, key []byte, k kind, beside bool) (*page, error) {
	s := step{at: root}
	for range maxDepth {
		if s.at.leaf {
			return s.at, nil
		}
		var err error
		if s, err = t.down(s, key, k, beside); err != nil {
			return nil, err
		}
	}
	return nil, errors.New("a page is below itself")
}

func (t *tree) down(s step, key []byte, k kind, beside bool) (next step, err error) {
	i, _ := s.at.search(key)
	if next.at, err = t.below(s.at, i, k); err != nil || !beside {
		return next, err
	}
	switch {
	case i > 0:
		next.left, err = t.below(s.at, i-1, k)
	case s.left != nil && !s.left.leaf:
		next.left, err = t.below(s.left, s.left.count-1, k)
	}
	if err != nil {
		return next, err
	}
	switch {
	case i+1 < s.at.count:
		next.right, err = t.below(s.at, i+1, k)
	case s.right != nil && !s.right.leaf:
		next.right, err = t.below(s.right, 0, k)
	}
	return next, err
}

// below returns the page that element i of a branch leads to.
func (t *tree) below(branch *page, i int, k kind) (*page, error) {
	p, err := t.page(branch.child(i), k)
	if err != nil {
		return nil, err
	}
	if p.count == 0 || !bytes.Equal(p.key(0), branch.key(i)) {
		return nil, fmt.Errorf("page %d is not what its parent says", branch.child(i))
	}
	return p, nil
}

// leaf checks the way to key in a bucket, as descend does.
func (t *tree) leaf(bucket string, key []byte, beside bool) (*page, error) {
	root, err := t.bucket(bucket)
	if err != nil {
		return nil, err
	}
	return t.descend(root, key, ofRecords, beside)
}

// bucket returns the first page of a bucket.
func (t *tree) bucket(name string) (*page, error) {
	value, err := t.bucketValue(name)
	if err != nil {
		return nil, err
	}
	return t.rootOf(name, value)
}

// bucketValue is what bbolt keeps of a bucket.
func (t *tree) bucketValue(name string) ([]byte, error) {
	root, err := t.page(t.root, ofBuckets)
	if err != nil {
		return nil, err
	}
	leaf, err := t.descend(root, []byte(name), ofBuckets, false)
	if err != nil {
		return nil, err
	}
	i, found := leaf.search([]byte(name))
	if !found {
		return nil, errNoBucket(name)
	}
	return leaf.value(i), nil
}

func errNoBucket(name string) error {
	return fmt.Errorf("bucket %q is missing: the file is damaged or not ovpn-verify's", name)
}

// rootOf reads of a bucket's value its first page and its sequence
// number, and where that page is 0, the page itself behind them.
func (t *tree) rootOf(name string, value []byte) (root *page, err error) {
	if len(value) < 16 {
		return nil, fmt.Errorf("bucket %q is cut short", name)
	}
	id, records := native.Uint64(value), native.Uint64(value[8:])
	if id != 0 {
		root, err = t.page(id, ofRecords)
	} else {
		root, err = inlinePage(value[16:])
	}
	if err == nil && root.count == 0 && records != 0 {
		err = fmt.Errorf("none of the %d %s can be found", records, name)
	}
	return root, err
}

func inlinePage(b []byte) (*page, error) {
	if len(b) < pageHeader || native.Uint64(b) != 0 || native.Uint32(b[12:]) != 0 {
		return nil, errors.New("a bucket is cut short")
	}
	p, err := parsePage(b, ofRecords)
	if err == nil && (!p.leaf || p.size != len(b)) {
		err = errors.New("has an element out of place")
	}
	if err != nil {
		return nil, fmt.Errorf("the page of a small bucket %w", err)
	}
	return p, nil
}
