//go:build !linux

package status

import (
	"os"
	"syscall"
)

// hold: a worker serves one login here, and its process id is enough.
func hold(*os.File) int64 { return int64(os.Getpid()) }

func isHeld(_ *os.File, w Worker) bool { return w.PID > 0 && syscall.Kill(w.PID, 0) != syscall.ESRCH }
