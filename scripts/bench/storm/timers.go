package main

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// slack is how late this process may wake up.
const slack = time.Millisecond

// coarsenTimers begins this process anew with timers as coarse as a worker has them
// (verify/front/start.go): a thread of Go's runtime looks after the others fourteen
// thousand times a second otherwise, which is no load that comes with logins. What it
// starts has them as well, but for the daemon, which sets its own.
func coarsenTimers() error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if has, err := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0); err != nil || has == int(slack) {
		return err
	}
	if err := unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(slack), 0, 0, 0); err != nil {
		return fmt.Errorf("timer slack: %w", err)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	return fmt.Errorf("%s: %w", self, syscall.Exec(self, os.Args, os.Environ()))
}
