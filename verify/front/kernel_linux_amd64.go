//go:build !portable

package front

import "syscall"

const sysFstatat = syscall.SYS_NEWFSTATAT
