package radsec

import "errors"

const (
	statusID   = 0   // Identifier of Status-Server
	maxID      = 255 // the last of the others
	maxGivenUp = 128 // unanswered requests of which a connection is rid by a new one
)

// reserve takes a place for a login; nil: there is none. It ends with release.
func (c *conn) reserve() *pending {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil || c.retired {
		return nil
	}
	id, free := c.freeID()
	if !free {
		return nil
	}
	c.last = id
	c.waiting++
	c.idle.Stop()
	return c.add(id)
}

// freeID goes round, so that an Identifier rests as long as can be.
func (c *conn) freeID() (uint32, bool) {
	if c.version == V11 {
		return c.last + 1, c.pending[c.last+1] == nil
	}
	for n := range uint32(maxID) {
		if id := (c.last+n)%maxID + 1; c.pending[id] == nil {
			return id, true
		}
	}
	return 0, false
}

func (c *conn) add(id uint32) *pending {
	p := &pending{id: id, answer: make(chan result, 1)}
	c.pending[id] = p
	return p
}

// release ends a login's wait. A request that was written and not answered
// keeps its place for a late answer.
func (c *conn) release(p *pending, written bool) {
	c.mu.Lock()
	c.waiting--
	if !written {
		delete(c.pending, p.id)
	}
	if len(c.pending)-c.waiting >= maxGivenUp {
		c.retired = true
	}
	over := c.retired && c.waiting == 0
	if c.err == nil && c.waiting == 0 {
		c.idle.Reset(c.server.opts.Idle)
	}
	c.mu.Unlock()
	if over {
		c.end(errors.New("the connection was replaced"))
	}
}
