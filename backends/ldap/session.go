package ldap

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"syscall"
	"time"

	"ovpn-verify/verify/primary"
	"ovpn-verify/verify/trace"
)

// session is one connection, used by one login at a time. On one on which a user is
// bound nothing else is done but to bind the next one: whatever it is bound as is never
// searched with, but for the user's own entry (template.go).
type session struct {
	backend *Backend
	server  string // the URL, for logs
	raw     *rawConn
	disarm  func() bool // takes back that the context's end closes raw
	wire    *wire
	lastID  int64 // of the requests

	unanswered bool // a search has no result: what may still come belongs to it

	reused    bool     // by a later login
	users     []string // whose bind it had; see userKey
	idleSince time.Time
}

// follow closes the connection when ctx ends, whatever is going on then.
func (s *session) follow(ctx context.Context) {
	raw := s.raw
	s.disarm = context.AfterFunc(ctx, func() { raw.Close() })
}

// step does one thing at the server, traces it, and puts server and name
// before its error. When ctx has ended, that is the error: what reading says about
// a connection closed under it explains nothing.
func (s *session) step(ctx context.Context, name string, do func() error) error {
	end := trace.Start(ctx, name, s.server)
	return s.ended(ctx, name, end, do())
}

// ended is for the end of a step.
func (s *session) ended(ctx context.Context, name string, end func(error), err error) error {
	if err != nil {
		if ctx.Err() != nil && !errors.Is(err, primary.ErrRefused) {
			err = context.Cause(ctx)
		}
		err = fmt.Errorf("%s: %s: %w", s.server, name, err)
	}
	end(err)
	return err
}

// close says goodbye (RFC 4511 section 4.3) and ends the connection. The
// context may still cut it short, so it is taken off last.
func (s *session) close() {
	_ = s.send(unbindRequest()) // the server may have closed first
	s.abandon()
}

// abandon closes the socket itself, so that whoever still waits on it stops.
func (s *session) abandon() {
	if s.raw != nil {
		s.raw.Close()
		s.disarm()
	}
}

// rawConn is closed when Close returns, also when somebody else has begun to close
// it, as the end of a context does. A place is left after that, and without it there
// would be a connection more than places.
type rawConn struct {
	net.Conn
	closing sync.Once
	err     error
}

// SyscallConn is that of the socket.
func (c *rawConn) SyscallConn() (syscall.RawConn, error) {
	socket, ok := c.Conn.(syscall.Conn)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	return socket.SyscallConn()
}

func (c *rawConn) Close() error {
	c.closing.Do(func() { c.err = c.Conn.Close() })
	return c.err
}
