package radsec

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"
)

// fairWait is after how long an answer may be called overdue, though the login
// has no more time.
const fairWait = time.Second

// conn is one connection. Its lock comes after that of its Server.
type conn struct {
	server  *Server
	tls     *tls.Conn
	version Version
	out     chan []byte   // packets to the writer
	done    chan struct{} // closed at the end

	mu       sync.Mutex
	err      error               // why it ended
	pending  map[uint32]*pending // by Identifier or Token
	last     uint32              // that was given away
	waiting  int                 // those of pending that a login waits for
	retired  bool                // takes no further request
	watching bool                // a sign of life is awaited
	answered bool                // ever
	heard    time.Time           // the last packet, or the beginning
	idle     *time.Timer
}

// pending is a request that may be answered. One that was given up keeps its
// Identifier, so that a late answer is known for what it is.
type pending struct {
	id     uint32
	header []byte // of the request, 20 bytes; nil: it has none yet. The rest has the password in it
	answer chan result
}

type result struct {
	packet []byte
	err    error
}

func newConn(s *Server, t *tls.Conn, v Version) *conn {
	c := &conn{
		server: s, tls: t, version: v,
		out: make(chan []byte), done: make(chan struct{}),
		pending: make(map[uint32]*pending), heard: time.Now(),
	}
	if v == V11 { // RFC 9765 section 4.2.1: a counter with a random beginning
		var random [4]byte
		_, _ = rand.Read(random[:])
		c.last = binary.BigEndian.Uint32(random[:])
	}
	return c
}

func (c *conn) start() {
	c.idle = time.AfterFunc(c.server.opts.Idle, c.endIfIdle)
	go c.read()
	go c.write()
}

// ask writes the request and waits for the answer.
func (c *conn) ask(ctx context.Context, p *pending, r Request) (packet []byte, written bool, err error) {
	defer func() { c.release(p, written) }()
	wire, err := c.prepare(p, r.Encode)
	if err != nil {
		return nil, false, err
	}
	select {
	case c.out <- wire:
	case <-c.done:
		return nil, false, c.err
	case <-ctx.Done():
		return nil, false, fmt.Errorf("not written: %w", ctx.Err())
	}
	began := time.Now()
	overdue := time.NewTimer(c.server.opts.Timeout)
	defer overdue.Stop()
	for {
		select {
		case got := <-p.answer:
			return got.packet, true, got.err
		case <-overdue.C:
			c.suspect(began)
		case <-c.done:
			return c.lastAnswer(p)
		case <-ctx.Done():
			waited := time.Since(began)
			if waited >= min(c.server.opts.Timeout/2, fairWait) {
				c.suspect(began)
			}
			return nil, true, fmt.Errorf("no answer in %v: %w", waited.Round(time.Millisecond), ctx.Err())
		}
	}
}

// lastAnswer may have come before the end.
func (c *conn) lastAnswer(p *pending) ([]byte, bool, error) {
	select {
	case got := <-p.answer:
		return got.packet, true, got.err
	default:
		return nil, true, c.err
	}
}

func (c *conn) prepare(p *pending, encode func(Slot) ([]byte, error)) ([]byte, error) {
	wire, err := encode(Slot{Version: c.version, ID: p.id, Local: c.tls.LocalAddr()})
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	p.header = append([]byte(nil), wire[:headerLen]...)
	return wire, nil
}

// ended tells whether it is no more, for whatever reason.
func (c *conn) ended() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err != nil
}

// end is the end of everything that waits; the first error counts.
func (c *conn) end(err error) {
	if c.finish(err) {
		// Without a word of TLS, for which the server would have to read.
		_ = c.tls.NetConn().Close()
	}
}

func (c *conn) finish(err error) bool {
	c.mu.Lock()
	first := c.err == nil
	if first {
		c.err = err
		c.idle.Stop()
		close(c.done)
	}
	c.mu.Unlock()
	c.server.forget(c)
	return first
}

func (c *conn) endIfIdle() {
	c.mu.Lock()
	idle := c.waiting == 0 && !c.retired
	c.retired = c.retired || idle
	c.mu.Unlock()
	if idle && c.finish(errors.New("the connection was idle")) {
		_ = c.tls.Close() // says so to the server
	}
}
