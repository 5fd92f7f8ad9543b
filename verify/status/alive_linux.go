package status

import (
	"math/rand/v2"
	"os"

	"golang.org/x/sys/unix"
)

// firstHeld is far behind any content; the bytes need not be there.
const firstHeld int64 = 1 << 40

// hold locks one byte until the file is closed: the kernel tells others so, in
// other namespaces and outside of a chroot, too, and forgets it when the process
// ends. -1: it could not be had.
func hold(f *os.File) int64 {
	at := firstHeld + int64(rand.Uint32())
	if unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &unix.Flock_t{Type: unix.F_WRLCK, Start: at, Len: 1}) != nil {
		return -1
	}
	return at
}

// isHeld tells of another process's byte.
func isHeld(f *os.File, w Worker) bool {
	lock := unix.Flock_t{Type: unix.F_WRLCK, Start: w.Lock, Len: 1}
	return w.Lock >= firstHeld && unix.FcntlFlock(f.Fd(), unix.F_OFD_GETLK, &lock) == nil && lock.Type != unix.F_UNLCK
}
