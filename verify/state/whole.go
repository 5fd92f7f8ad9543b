package state

import (
	"os"
)

// whole is the state of the file in which it was last found whole. All of it is
// read once in a process's life, and again when it was changed in a way that is no
// writer's: what a batch costs does not grow with the number of records.
type whole struct {
	info   os.FileInfo
	txid   uint64          // bbolt's transaction
	proven map[string]bool // buckets all of whose records were read
}

// covers tells whether the file is still the one that was whole, or was written
// since by transactions: a batch of ours, another worker, a command.
func (w whole) covers(info os.FileInfo, txid uint64) bool {
	if w.info == nil || !os.SameFile(w.info, info) || txid < w.txid {
		return false
	}
	unchanged := info.Size() == w.info.Size() && info.ModTime().Equal(w.info.ModTime())
	return txid > w.txid || unchanged
}

// lookAt reads the pages of f unless that is not needed again.
func (w *whole) lookAt(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	t, err := newestMeta(f)
	if err != nil {
		return err
	}
	if w.covers(info, t.txid) {
		return nil
	}
	*w = whole{}
	if err := t.check(); err != nil {
		return err
	}
	*w = whole{info, t.txid, map[string]bool{}}
	return nil
}

// written takes over what this process has committed to f.
func (w *whole) written(f *os.File) {
	info, err := f.Stat()
	t, err2 := newestMeta(f)
	if err != nil || err2 != nil || !w.covers(info, t.txid) {
		*w = whole{}
		return
	}
	w.info, w.txid = info, t.txid
}
