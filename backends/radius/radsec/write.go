package radsec

import (
	"fmt"
	"time"
)

// write is the one writer. A packet that cannot be written whole leaves nothing
// to go on with.
func (c *conn) write() {
	for {
		select {
		case wire := <-c.out:
			_ = c.tls.SetWriteDeadline(time.Now().Add(c.server.opts.Timeout))
			if _, err := c.tls.Write(wire); err != nil {
				c.end(fmt.Errorf("write: %w", err))
				return
			}
			_ = c.tls.SetWriteDeadline(time.Time{}) // TLS has words of its own to say
		case <-c.done:
			return
		}
	}
}
