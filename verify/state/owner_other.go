//go:build !linux

package state

import (
	"os"
	"syscall"
)

// owner is the process that an attempt is under way in.
type owner struct{ PID int }

// self is this process.
func self() owner { return owner{os.Getpid()} }

// dead tells of a process that it has ended.
func (o owner) dead() bool { return o.PID > 0 && syscall.Kill(o.PID, 0) == syscall.ESRCH }
