package ldap

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// limitUnacknowledged has the connection fail when what was sent is not acknowledged
// within d (tcp(7), TCP_USER_TIMEOUT, in ms). A Unix socket knows no such thing.
func (c *rawConn) limitUnacknowledged(d time.Duration) {
	raw, err := c.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		_ = syscall.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(d.Milliseconds()))
	})
}
