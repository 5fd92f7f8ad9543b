package radsec

import (
	"fmt"
	"time"
)

// suspect is called when the answer to a request that was written at that time
// is overdue. Where nothing was heard since, the connection may be a memory of
// this end alone (RFC 3539 section 3.4): a Status-Server asks (RFC 6613 section
// 2.6.5), and any packet will do for a sign of life.
func (c *conn) suspect(began time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil || c.retired || c.watching || c.heard.After(began) {
		return
	}
	c.watching = true
	go c.watch(c.addStatus())
}

// addStatus is a Status-Server's place; nil: the last one was not answered.
func (c *conn) addStatus() *pending {
	id := uint32(statusID)
	if c.version == V11 {
		id = c.last + 1
	}
	if c.pending[id] != nil {
		return nil
	}
	if c.version == V11 {
		c.last = id
	}
	return c.add(id)
}

// watch sends the question and gives it Timeout.
func (c *conn) watch(status *pending) {
	since := time.Now()
	patience := time.NewTimer(c.server.opts.Timeout)
	defer patience.Stop()
	if status != nil {
		if wire, err := c.prepare(status, c.server.opts.Status); err == nil {
			select {
			case c.out <- wire:
			case <-c.done:
				return
			case <-patience.C:
				patience.Reset(0)
			}
		}
	}
	select {
	case <-c.done:
	case <-patience.C:
		c.judge(since)
	}
}

// judge ends a connection on which nothing was heard, or has it take no more.
func (c *conn) judge(since time.Time) {
	c.mu.Lock()
	c.watching = false
	alive := c.heard.After(since)
	keep := c.server.opts.KeepSilent && c.waiting > 0
	c.retired = c.retired || !alive
	c.mu.Unlock()
	switch {
	case alive:
	case keep:
		c.server.forget(c)
	default:
		c.end(fmt.Errorf("the connection fell silent: no answer, and none to a Status-Server in %v", c.server.opts.Timeout))
	}
}
