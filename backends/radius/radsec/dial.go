package radsec

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
)

// dialing is a connection on its way, for everybody who needs one.
type dialing struct {
	done chan struct{}
	conn *conn // after done, without err
	err  error
}

// dial is nobody's own, so the end of one login does not end it for others.
func (s *Server) dial(d *dialing) {
	ctx, cancel := context.WithTimeout(context.Background(), s.opts.Timeout)
	defer cancel()
	c, err := s.open(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		s.conns = append(s.conns, c)
		c.start()
	} else if ctx.Err() != nil {
		err = fmt.Errorf("no connection in %v: %w", s.opts.Timeout, err)
	}
	d.conn, d.err, s.dialing = c, err, nil
	close(d.done)
}

func (s *Server) open(ctx context.Context) (*conn, error) {
	t, err := s.opts.Connect(ctx)
	if err != nil {
		return nil, err
	}
	v, err := version(t.ConnectionState())
	if err != nil {
		_ = t.NetConn().Close()
		return nil, err
	}
	return newConn(s, t, v), nil
}

// version is what ALPN chose; RFC 9765 section 3.4 wants TLS 1.3 under V11.
func version(state tls.ConnectionState) (Version, error) {
	if state.NegotiatedProtocol != Protocols[0] {
		return V10, nil
	}
	if state.Version < tls.VersionTLS13 {
		return V11, errors.New("the server chose RADIUS/1.1 without TLS 1.3 (RFC 9765)")
	}
	return V11, nil
}
