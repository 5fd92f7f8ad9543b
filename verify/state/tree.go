package state

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"os"
	"syscall"
)

// bbolt's file format (bbolt's internal/common: page.go, meta.go, inode.go).
const (
	pageHeader   = 16 // id 8, flags 2, count 2, overflow 4
	element      = 16 // branch: position 4, key size 4, page 8; leaf: flags 4, position 4, key size 4, value size 4
	flagBranch   = 0x01
	flagLeaf     = 0x02
	flagFreelist = 0x10
	leafIsBucket = 0x01
)

var native = binary.NativeEndian

// tree is what bbolt's newer meta page says, and while it is checked the whole
// file and the pages met so far, a bit for each.
type tree struct {
	f                           *os.File
	txid, root, freelist, pages uint64
	mapped                      []byte
	used                        []uint64
}

// newestMeta reads both meta pages and returns the newer one's tree.
func newestMeta(f *os.File) (*tree, error) {
	first, err := readMeta(f, 0)
	if err != nil {
		return nil, err
	}
	newer, err := readMeta(f, 1)
	if err != nil {
		return nil, err
	}
	if first.txid > newer.txid {
		newer = first
	}
	return newer, nil
}

// check refuses what bbolt follows blindly: a page that is used twice, on which it
// would turn in circles until the stack or the memory is used up, and a page in use
// that counts as free, which it would overwrite. A fault of the mapping, of a file
// that is cut short meanwhile, is for the caller to recover from.
func (t *tree) check() error {
	info, err := t.f.Stat()
	if err != nil {
		return err
	}
	if t.pages > uint64(info.Size())/pageSize {
		return fmt.Errorf("%d pages are in use, the file has %d bytes", t.pages, info.Size())
	}
	t.mapped, err = syscall.Mmap(int(t.f.Fd()), 0, int(t.pages)*pageSize, syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return fmt.Errorf("mmap: %w", err)
	}
	defer syscall.Munmap(t.mapped)
	t.used = make([]uint64, t.pages/64+1)
	t.used[0] = 0b11 // the meta pages
	if err := t.walk(t.root); err != nil {
		return err
	}
	return t.walkFree()
}

// readMeta reads one of the two meta pages: after the header 56 bytes that begin
// with a magic number, and their FNV-1a sum. Both must be good. With one broken
// bbolt takes the other and forgets the last transaction; a crash leaves none
// broken, as what a commit writes is less than a disk's sector.
func readMeta(f *os.File, page int64) (*tree, error) {
	const covered, magic = 56, 0xED0CDAED
	whole := make([]byte, pageHeader+covered+8)
	if _, err := f.ReadAt(whole, page*pageSize); err != nil {
		return nil, fmt.Errorf("meta page %d: %w", page, err)
	}
	id, b := native.Uint64(whole), whole[pageHeader:]
	sum := fnv.New64a()
	sum.Write(b[:covered])
	if native.Uint32(b) != magic || native.Uint64(b[covered:]) != sum.Sum64() || native.Uint32(b[8:]) != pageSize {
		return nil, fmt.Errorf("meta page %d is no meta page or was changed", page)
	}
	// Transactions alternate between the two pages: the older one copied over
	// the newer would take the last transaction back.
	if txid := native.Uint64(b[48:]); id != uint64(page) || txid%2 != uint64(page) {
		return nil, fmt.Errorf("meta page %d is a copy of the other", page)
	}
	return &tree{f: f, root: native.Uint64(b[16:]), freelist: native.Uint64(b[32:]),
		pages: native.Uint64(b[40:]), txid: native.Uint64(b[48:])}, nil
}

// read returns a page with its overflow, and marks it as used.
func (t *tree) read(id uint64) (b []byte, flags uint16, err error) {
	if id >= t.pages {
		return nil, 0, fmt.Errorf("page %d of %d is referred to", id, t.pages)
	}
	header := t.mapped[id*pageSize:][:pageHeader]
	last := id + uint64(native.Uint32(header[12:]))
	if native.Uint64(header) != id || last >= t.pages {
		return nil, 0, fmt.Errorf("page %d has another page's header", id)
	}
	for n := id; n <= last; n++ {
		if t.isUsed(n) {
			return nil, 0, fmt.Errorf("page %d is used twice", n)
		}
		t.used[n/64] |= 1 << (n % 64)
	}
	return t.mapped[id*pageSize : (last+1)*pageSize], native.Uint16(header[8:]), nil
}

func (t *tree) isUsed(id uint64) bool { return t.used[id/64]>>(id%64)&1 == 1 }

func (t *tree) walk(id uint64) error {
	b, flags, err := t.read(id)
	if err != nil {
		return err
	}
	count := uint64(native.Uint16(b[10:]))
	if flags != flagBranch && flags != flagLeaf || pageHeader+count*element > uint64(len(b)) {
		return fmt.Errorf("page %d is neither branch nor leaf", id)
	}
	for i := range count {
		at := pageHeader + i*element
		e := b[at:]
		child := uint64(0)
		if flags == flagBranch {
			child = native.Uint64(e[8:])
		} else if native.Uint32(e)&leafIsBucket != 0 {
			value := at + uint64(native.Uint32(e[4:])) + uint64(native.Uint32(e[8:]))
			if value+8 > uint64(len(b)) {
				return fmt.Errorf("page %d points outside of itself", id)
			}
			if child = native.Uint64(b[value:]); child == 0 {
				continue // a small bucket, all of it in this leaf
			}
		} else {
			continue
		}
		if err := t.walk(child); err != nil {
			return err
		}
	}
	return nil
}

func (t *tree) walkFree() error {
	b, flags, err := t.read(t.freelist)
	if err != nil {
		return err
	}
	count, ids := uint64(native.Uint16(b[10:])), b[pageHeader:]
	if count == 0xFFFF { // too many for the header
		count, ids = native.Uint64(ids), ids[8:]
	}
	if flags != flagFreelist || count > uint64(len(ids))/8 {
		return fmt.Errorf("page %d is no free list", t.freelist)
	}
	for i := range count {
		if id := native.Uint64(ids[i*8:]); id >= t.pages || t.isUsed(id) {
			return fmt.Errorf("page %d is used and free", id)
		}
	}
	return nil
}
