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
}

// self is this process.
var self = sync.OnceValue(func() owner {
	o := owner{PID: os.Getpid()}
	var info syscall.Stat_t
	if syscall.Stat("/proc/self/ns/pid", &info) == nil {
		o.Namespace = info.Ino
	}
	return o
})

// dead tells of a process that it has ended, a zombie too. Of one that is or may be
// in another namespace it cannot tell.
func (o owner) dead() bool {
	if me := self(); o.PID <= 0 || o.Namespace == 0 || o.Namespace != me.Namespace || o.PID == me.PID {
		return false
	}
	fd, err := unix.PidfdOpen(o.PID, 0) // Linux 5.3
	switch err {
	case nil:
	case unix.ESRCH:
		return true
	default:
		return unix.Kill(o.PID, 0) == unix.ESRCH
	}
	defer unix.Close(fd)
	ended, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
	return err == nil && ended > 0
}
