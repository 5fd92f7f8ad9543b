package state

import (
	"os"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
)

// kept is what stays of the database between batches. Without it each had to fault in
// anew the pages that it looks at, to read the list of free pages, and to make buffers
// for the pages that it writes, which were a quarter of all memory that logins take.
//
// The open file belongs to bolt. It is not locked meanwhile, and used again only when
// nobody else has written to it.
type kept struct {
	pages mapping

	file *os.File  // nil: none is open
	bolt *bbolt.DB // on file
	meta meta      // as it was when the lock was let go
	info os.FileInfo
}

// restAfter is how long the file stays open after the last batch: a folder that nobody
// uses can be remounted.
const restAfter = time.Second

// at returns the open file if it is the one at path, and nil where it has to be opened
// anew: it was replaced, or has another owner or mode than when it was left.
func (k *kept) at(path string) *os.File {
	if k.file == nil {
		return nil
	}
	info, err := os.Stat(path)
	if err != nil || !os.SameFile(info, k.info) || info.Mode() != k.info.Mode() || ownerOf(info) != ownerOf(k.info) {
		k.closeFile()
		return nil
	}
	return k.file
}

func ownerOf(info os.FileInfo) uint32 { return info.Sys().(*syscall.Stat_t).Uid }

// isCurrent tells of the locked file whether it is as it was left. Whoever commits
// changes the meta page; who puts another content in its place, the time as well.
func (k *kept) isCurrent() bool {
	info, err := k.file.Stat()
	if err != nil || info.Size() != k.info.Size() || !info.ModTime().Equal(k.info.ModTime()) {
		return false
	}
	m, err := newestMeta(k.file)
	return err == nil && m == k.meta
}

// keep is for a file that is locked, after all went well.
func (k *kept) keep(f *os.File, bolt *bbolt.DB) error {
	m, err := newestMeta(f)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	k.file, k.bolt, k.meta, k.info = f, bolt, m, info
	return nil
}

// letGo unlocks the file, and closes it unless it is to be kept.
func (k *kept) letGo(f *os.File) {
	if f != k.file {
		release(f)
		return
	}
	if syscall.Flock(int(f.Fd()), syscall.LOCK_UN) != nil {
		k.closeFile()
	}
}

// forget leaves the file and bolt to somebody else.
func (k *kept) forget() { k.file, k.bolt = nil, nil }

func (k *kept) closeFile() {
	if k.bolt != nil {
		_ = k.bolt.Close() // unlocks and closes the file as well; what was to be written is
	}
	k.forget()
}

func (k *kept) close() {
	k.closeFile()
	k.pages.close()
}
