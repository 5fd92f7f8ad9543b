//go:build !linux

package ldap

import "time"

// limitUnacknowledged is for systems that can.
func (c *rawConn) limitUnacknowledged(time.Duration) {}
