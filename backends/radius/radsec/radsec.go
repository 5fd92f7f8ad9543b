// Package radsec exchanges packets with one RADIUS server over TLS, RADIUS/TLS
// (RFC 6614 over RFC 6613) and RADIUS/1.1 (RFC 9765), on a connection that all
// logins share.
//
// It promises: an answer reaches only the request whose Identifier or Token it
// has, and only after Options.Believe has taken it for that request; a request
// is written once to a connection, and a second time, on a new one, only where
// it says that this is safe; a packet that belongs to nobody, or that is none,
// ends the connection and everything that waits on it, without a verdict; an
// ended context ends the wait; and a connection on which nothing is heard any
// more is not used again.
//
// The connection is opened when it is needed and closed after Options.Idle
// without a request. RADIUS/TLS has room for 255 requests that wait for their
// answers (Identifier 0 is for Status-Server, RFC 6613 section 2.6.5); while
// they are taken, another connection is opened. RADIUS/1.1 has no such limit.
//
// It knows nothing of what is in the packets beyond their header.
package radsec

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"
)

// Version is the form of packets on a connection.
type Version int

// V10 is RADIUS as over UDP (RFC 6614), V11 is RADIUS/1.1 (RFC 9765).
const (
	V10 Version = iota
	V11
)

// Protocols are the names by which ALPN chooses the version, the better first
// (RFC 9765 section 3.3). A server that answers none of them speaks V10.
var Protocols = []string{"radius/1.1", "radius/1.0"}

// Slot is the place of a request on a connection.
type Slot struct {
	Version Version
	ID      uint32 // the Identifier, 0 to 255, or with V11 the Token
	Local   net.Addr
}

// Options are one server and what the packets mean.
type Options struct {
	// Connect returns a connection whose peer is verified.
	Connect func(context.Context) (*tls.Conn, error)
	// Timeout is for a connection to be made, for a packet to be written, and
	// for a sign of life when an answer has not come for as long.
	Timeout time.Duration
	// Patience is how long a request may take altogether.
	Patience time.Duration
	// Idle is after how long without a request a connection is closed.
	Idle time.Duration
	// KeepSilent leaves the requests on a connection that fell silent their
	// whole time; otherwise it is closed, so that they can go elsewhere.
	KeepSilent bool
	// Status encodes a Status-Server (RFC 5997).
	Status func(Slot) ([]byte, error)
	// Believe checks that an answer was made for the request with this header,
	// of 20 bytes. Its error ends the connection, unless it wraps ErrUnfit.
	Believe func(v Version, answer, header []byte) error
}

// maxTries is how many connections a request may come to.
const maxTries = 2

// ErrUnfit is in errors about an answer that decides nothing and says nothing
// against the connection.
var ErrUnfit = errors.New("it decides nothing")

// Request is made anew for each connection that it is written to.
type Request struct {
	Encode func(Slot) ([]byte, error)
	// Repeatable lets it be written again after the connection was lost.
	Repeatable bool
}

// Server is one server. It is safe for concurrent use.
type Server struct {
	opts Options

	mu      sync.Mutex
	conns   []*conn
	dialing *dialing // nil: nobody is
}

// New opens nothing yet.
func New(o Options) *Server { return &Server{opts: o} }

// Exchange sends a request and returns the answer to it, a whole packet.
// written tells, with an error, whether the server may have got the request.
func (s *Server) Exchange(ctx context.Context, r Request) (answer []byte, written bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.opts.Patience)
	defer cancel()
	for tries := 1; ; tries++ {
		c, p, used, err := s.acquire(ctx)
		if err != nil {
			return nil, written, err
		}
		answer, sent, err := c.ask(ctx, p, r)
		if err == nil {
			return answer, true, nil
		}
		written = written || sent
		// One that was open before may have ended for reasons of its own: the
		// server closes what is idle. That happens once to a request.
		stale := used && c.ended() && ctx.Err() == nil
		if !stale || tries == maxTries || sent && !r.Repeatable {
			return nil, written, err
		}
	}
}

// Open is how many connections there are.
func (s *Server) Open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// acquire finds a place on a connection, which may have to be opened. used
// tells that it was open already.
func (s *Server) acquire(ctx context.Context) (c *conn, p *pending, used bool, err error) {
	for used = true; ; used = false {
		c, p, d := s.reserve()
		if p != nil {
			return c, p, used, nil
		}
		select {
		case <-d.done:
			if d.err != nil {
				return nil, nil, false, d.err
			}
			if d.conn.ended() { // no second attempt at a server that hangs up at once
				return nil, nil, false, d.conn.err
			}
		case <-ctx.Done():
			return nil, nil, false, fmt.Errorf("no connection yet: %w", ctx.Err())
		}
	}
}

// reserve takes a place, or begins to connect where there is none.
func (s *Server) reserve() (*conn, *pending, *dialing) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		if p := c.reserve(); p != nil {
			return c, p, nil
		}
	}
	if s.dialing == nil {
		s.dialing = &dialing{done: make(chan struct{})}
		go s.dial(s.dialing)
	}
	return nil, nil, s.dialing
}

// forget has no further request go to c.
func (s *Server) forget(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns = slices.DeleteFunc(s.conns, func(other *conn) bool { return other == c })
}
