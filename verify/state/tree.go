package state

import (
	"errors"
	"fmt"
	"os"
	"sort"
)

// tree is the database as a transaction finds it, to read beside bbolt, which
// follows blindly what it reads: it would turn in circles on a page that is its own
// child until the stack is used up, and not notice that a record is hidden. What is
// read here has been checked.
//
// It is good while the file is locked. A fault of the mapping, of a file that is cut
// short meanwhile, is for the caller to recover from.
type tree struct {
	meta
	mapped []byte
	free   []byte           // ids of pages that are not in use, in order, 8 bytes each
	parsed map[uint64]*page // pages checked so far
}

// openTree maps the file and looks at what its meta pages say. Its cost grows with
// nothing that is in it.
func openTree(f *os.File, pages *mapping) (*tree, error) {
	m, err := newestMeta(f)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if m.pages > uint64(info.Size())/pageSize {
		return nil, fmt.Errorf("%d pages are in use, the file has %d bytes", m.pages, info.Size())
	}
	t := &tree{meta: m, parsed: map[uint64]*page{}}
	if t.mapped, err = pages.of(f, info, m.pages); err != nil {
		return nil, err
	}
	return t, t.readFree()
}

// raw returns a page with its overflow.
func (t *tree) raw(id uint64) (b []byte, err error) {
	if id < 2 || id >= t.pages {
		return nil, fmt.Errorf("page %d of %d is referred to", id, t.pages)
	}
	header := t.mapped[id*pageSize:][:pageHeader]
	last := id + uint64(native.Uint32(header[12:]))
	if native.Uint64(header) != id || last >= t.pages {
		return nil, fmt.Errorf("page %d has another page's header", id)
	}
	return t.mapped[id*pageSize : (last+1)*pageSize], nil
}

// readFree finds the list of free pages, from which bbolt takes those that it writes.
func (t *tree) readFree() error {
	b, err := t.raw(t.freelist)
	if err != nil {
		return err
	}
	count, ids := uint64(native.Uint16(b[10:])), b[pageHeader:]
	if count == 0xFFFF { // too many for the header
		count, ids = native.Uint64(ids), ids[8:]
	}
	if native.Uint16(b[8:]) != flagFreelist || count > uint64(len(ids))/8 {
		return fmt.Errorf("page %d is no free list", t.freelist)
	}
	t.free = ids[:count*8]
	return t.inUse(t.freelist, b)
}

// checkFree is for those who write.
func (t *tree) checkFree() error {
	before := uint64(1)
	for at := 0; at < len(t.free); at += 8 {
		id := native.Uint64(t.free[at:])
		if id <= before || id >= t.pages {
			return fmt.Errorf("page %d has free pages out of order", t.freelist)
		}
		before = id
	}
	return nil
}

// inUse refuses a page that counts as free: it is what was there before, or will be
// overwritten.
func (t *tree) inUse(id uint64, b []byte) error {
	i := sort.Search(len(t.free)/8, func(i int) bool { return native.Uint64(t.free[i*8:]) >= id })
	if i*8 < len(t.free) {
		if free := native.Uint64(t.free[i*8:]); free < id+uint64(len(b))/pageSize {
			return fmt.Errorf("page %d is used and free", free)
		}
	}
	return nil
}

// page returns a branch or a leaf.
func (t *tree) page(id uint64, k kind) (*page, error) {
	if p := t.parsed[id]; p != nil {
		return p, nil
	}
	b, err := t.raw(id)
	if err != nil {
		return nil, err
	}
	if err := t.inUse(id, b); err != nil {
		return nil, err
	}
	p, err := parsePage(b, k)
	if err == nil && (p.size+pageSize-1)/pageSize != len(b)/pageSize {
		err = errors.New("has another number of pages than it fills")
	}
	if err != nil {
		return nil, fmt.Errorf("page %d %w", id, err)
	}
	t.parsed[id] = p
	return p, nil
}
