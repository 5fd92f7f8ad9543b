package state

import (
	"bytes"
	"encoding/binary"
	"errors"
	"sort"
)

// bbolt's file format (bbolt's internal/common: page.go, meta.go, inode.go).
const (
	pageHeader   = 16 // id 8, flags 2, count 2, overflow 4
	element      = 16 // branch: position 4, key size 4, page 8; leaf: flags 4, position 4, key size 4, value size 4
	flagBranch   = 0x01
	flagLeaf     = 0x02
	flagFreelist = 0x10
)

// kind is what the leaves of a tree hold: the flags of their elements.
type kind uint32

const (
	ofRecords kind = 0
	ofBuckets kind = 1
)

var native = binary.NativeEndian

// page is a branch or a leaf whose layout is right: keys and values lie one behind
// the other from the end of the elements on, as bbolt writes them, and the keys are
// in order. So no flipped bit in a count, a position or a size hides a record, or
// leads out of the page.
type page struct {
	leaf  bool
	count int
	size  int // bytes in use
	b     []byte
}

func parsePage(b []byte, k kind) (*page, error) {
	p := &page{count: int(native.Uint16(b[10:])), b: b}
	switch native.Uint16(b[8:]) {
	case flagLeaf:
		p.leaf = true
	case flagBranch:
	default:
		return nil, errors.New("is neither branch nor leaf")
	}
	p.size = pageHeader + p.count*element
	if p.size > len(b) || p.count == 0 && !p.leaf {
		return nil, errors.New("has a wrong number of elements")
	}
	for i := range p.count {
		at, key, value := p.element(i)
		if at != uint64(p.size) || key == 0 || at+key+value > uint64(len(b)) {
			return nil, errors.New("has an element out of place")
		}
		if p.leaf && native.Uint32(p.b[pageHeader+i*element:]) != uint32(k) {
			return nil, errors.New("has an element of another kind")
		}
		p.size += int(key + value)
		if i > 0 && bytes.Compare(p.key(i-1), p.key(i)) >= 0 {
			return nil, errors.New("has keys out of order")
		}
	}
	return p, nil
}

// element tells where the key of element i is, its size and that of the value behind it.
func (p *page) element(i int) (at, key, value uint64) {
	at = uint64(pageHeader + i*element)
	e := p.b[at:]
	if p.leaf {
		return at + uint64(native.Uint32(e[4:])), uint64(native.Uint32(e[8:])), uint64(native.Uint32(e[12:]))
	}
	return at + uint64(native.Uint32(e)), uint64(native.Uint32(e[4:])), 0
}

func (p *page) key(i int) []byte {
	at, key, _ := p.element(i)
	return p.b[at:][:key]
}

func (p *page) value(i int) []byte {
	at, key, value := p.element(i)
	return p.b[at+key:][:value]
}

// child is the page that element i of a branch leads to.
func (p *page) child(i int) uint64 { return native.Uint64(p.b[pageHeader+i*element+8:]) }

// search returns where key is, or which element a branch's descent to it takes.
func (p *page) search(key []byte) (i int, found bool) {
	i, found = sort.Find(p.count, func(i int) int { return bytes.Compare(key, p.key(i)) })
	if !found && !p.leaf {
		i = max(i-1, 0)
	}
	return i, found
}
