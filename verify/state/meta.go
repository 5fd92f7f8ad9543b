package state

import (
	"fmt"
	"hash/fnv"
	"os"
)

// meta is what one of bbolt's two meta pages says.
type meta struct {
	txid     uint64 // the transaction that wrote it
	root     uint64 // the page of the tree of buckets
	freelist uint64
	pages    uint64 // all that were ever in use
}

// newestMeta reads both meta pages and returns the newer one's.
func newestMeta(f *os.File) (meta, error) {
	first, err := readMeta(f, 0)
	if err != nil {
		return meta{}, err
	}
	newer, err := readMeta(f, 1)
	if err != nil {
		return meta{}, err
	}
	if first.txid > newer.txid {
		newer = first
	}
	return newer, nil
}

// readMeta reads one of the two meta pages: after the header 56 bytes that begin
// with a magic number, and their FNV-1a sum. Both must be good. With one broken
// bbolt takes the other and forgets the last transaction; a crash leaves none
// broken, as what a commit writes is less than a disk's sector.
func readMeta(f *os.File, page int64) (meta, error) {
	const covered, magic = 56, 0xED0CDAED
	whole := make([]byte, pageHeader+covered+8)
	if _, err := f.ReadAt(whole, page*pageSize); err != nil {
		return meta{}, fmt.Errorf("meta page %d: %w", page, err)
	}
	id, b := native.Uint64(whole), whole[pageHeader:]
	sum := fnv.New64a()
	sum.Write(b[:covered])
	if native.Uint32(b) != magic || native.Uint64(b[covered:]) != sum.Sum64() || native.Uint32(b[8:]) != pageSize {
		return meta{}, fmt.Errorf("meta page %d is no meta page or was changed", page)
	}
	// Transactions alternate between the two pages: the older one copied over
	// the newer would take the last transaction back.
	if txid := native.Uint64(b[48:]); id != uint64(page) || txid%2 != uint64(page) {
		return meta{}, fmt.Errorf("meta page %d is a copy of the other", page)
	}
	return meta{root: native.Uint64(b[16:]), freelist: native.Uint64(b[32:]),
		pages: native.Uint64(b[40:]), txid: native.Uint64(b[48:])}, nil
}
