package state

import (
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// owner is the process that an attempt is under way in.
type owner struct {
	PID       int
	Namespace uint64 // inode of its PID namespace; 0 where that is not known, without /proc

	// Process is the inode of its pidfd, which is given once until the machine starts
	// anew, while a PID comes back: 0 before Linux 6.9, and in records of earlier
	// versions. The time at which it began would do the same with every kernel, but
	// Landlock keeps workers from reading it in /proc.
	Process uint64 `json:",omitempty"`
}

// self is this process.
var self = sync.OnceValue(func() owner {
	o := owner{PID: os.Getpid()}
	var info syscall.Stat_t
	if syscall.Stat("/proc/self/ns/pid", &info) == nil {
		o.Namespace = info.Ino
	}
	if fd, err := unix.PidfdOpen(o.PID, 0); err == nil {
		defer unix.Close(fd)
		o.Process = processInode(fd)
	}
	return o
})

// processInode is 0 where all pidfds have the same.
func processInode(pidfd int) uint64 {
	var fs unix.Statfs_t
	var info unix.Stat_t
	if unix.Fstatfs(pidfd, &fs) != nil || int64(fs.Type) != unix.PID_FS_MAGIC || unix.Fstat(pidfd, &info) != nil {
		return 0
	}
	return info.Ino
}

// dead tells of a process that it has ended, a zombie too, also where another has its
// PID. Of one that is or may be in another namespace it cannot tell.
func (o owner) dead() bool {
	me := self()
	if o.PID <= 0 || o.Namespace == 0 || o.Namespace != me.Namespace {
		return false
	}
	if o.PID == me.PID {
		return o.replacedBy(me.Process)
	}
	fd, err := unix.PidfdOpen(o.PID, 0) // Linux 5.3
	switch {
	case err == nil:
		defer unix.Close(fd)
		return o.replacedBy(processInode(fd)) || hasEnded(fd)
	case err == unix.ESRCH:
		return true
	case (err == unix.EINVAL || err == unix.ENOENT) && o.Process != 0 && me.Process != 0:
		return true // a thread has the number
	}
	return unix.Kill(o.PID, 0) == unix.ESRCH
}

// replacedBy compares with who has the PID now. Where one of the two is not known it is
// the same.
func (o owner) replacedBy(process uint64) bool {
	return o.Process != 0 && process != 0 && o.Process != process
}

func hasEnded(pidfd int) bool {
	ended, err := unix.Poll([]unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}, 0)
	return err == nil && ended > 0
}
