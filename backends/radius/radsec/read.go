package radsec

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"
)

// The header and the whole of a packet, in bytes (RFC 2865 section 3).
const (
	headerLen = 20
	maxPacket = 4096
)

// errNoPacket is about bytes that begin no packet.
var errNoPacket = errors.New("what the server sends is not RADIUS")

// readPacket reads one packet and nothing behind it (RFC 6613 section 2.6.4:
// a Length that cannot be leaves no way to find the next packet).
func readPacket(r io.Reader) ([]byte, error) {
	var start [4]byte
	if _, err := io.ReadFull(r, start[:]); err != nil {
		return nil, err
	}
	length := int(binary.BigEndian.Uint16(start[2:]))
	if length < headerLen || length > maxPacket {
		return nil, fmt.Errorf("%w: the Length %d", errNoPacket, length)
	}
	packet := make([]byte, length)
	copy(packet, start[:])
	if _, err := io.ReadFull(r, packet[len(start):]); err != nil {
		return nil, fmt.Errorf("half a packet: %w", err)
	}
	return packet, nil
}

// read is the one reader; it also notices when the server goes.
func (c *conn) read() {
	for {
		packet, err := readPacket(c.tls)
		if err != nil {
			c.end(c.readError(err))
			return
		}
		if err := c.deliver(packet); err != nil {
			c.end(err)
			return
		}
	}
}

// deliver hands an answer to the request that it is for.
func (c *conn) deliver(packet []byte) error {
	id := uint32(packet[1])
	if c.version == V11 {
		id = binary.BigEndian.Uint32(packet[4:])
	}
	c.mu.Lock()
	p := c.pending[id]
	if p == nil || p.header == nil {
		c.mu.Unlock()
		return fmt.Errorf("an answer, code %d, to no request of ours", packet[0])
	}
	header := p.header
	c.mu.Unlock()
	err := c.server.opts.Believe(c.version, packet, header)
	if err != nil && !errors.Is(err, ErrUnfit) {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.pending, id)
	c.heard, c.answered = time.Now(), true
	p.answer <- result{packet, err} // has room for the one there is
	return nil
}

// readError adds what an administrator needs to know of a server that goes
// before it has answered anything. With TLS 1.3 that is how it tells what it
// thinks of our certificate, by an alert (RFC 8446 section 6.2) or, as FreeRADIUS
// 3.2.1, without a word.
func (c *conn) readError(err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case errors.Is(err, errNoPacket):
		return err
	case c.answered:
		return fmt.Errorf("the server ended the connection: %w", err)
	default:
		return fmt.Errorf("the server ended the connection before it answered anything (%w): does it know this host as a client, and want a client certificate?", err)
	}
}
