//go:build !linux

package secret

import "syscall"

// changed is not told the same way everywhere; size, inode and time of
// modification have to do.
func changed(*syscall.Stat_t) int64 { return 0 }
