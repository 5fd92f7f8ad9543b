package ldap

import (
	"context"
	"io"
	"net"

	ber "github.com/go-asn1-ber/asn1-ber"
	goldap "github.com/go-ldap/ldap/v3"
)

// maxStartTLSReply bounds the one answer that is read before TLS, in bytes.
const maxStartTLSReply = 16 << 10

// open connects to e and starts TLS where it is due. The connection is closed
// when ctx ends, whatever is going on then.
func (b *Backend) open(ctx context.Context, e *endpoint) (*session, error) {
	s := &session{backend: b, server: e.url, lastID: startTLSMessageID}
	conn, err := apart(func() (net.Conn, error) { return s.connect(ctx, e) })
	if err != nil {
		s.abandon()
		return nil, err
	}
	s.wire = newWire(conn)
	return s, nil
}

func (s *session) connect(ctx context.Context, e *endpoint) (conn net.Conn, err error) {
	err = s.step(ctx, "connect", func() error {
		conn, err = s.dial(ctx, e)
		return err
	})
	if err != nil || !s.backend.config.StartTLS || e.scheme != schemeLDAP {
		return conn, err
	}
	err = s.step(ctx, "StartTLS", func() error {
		conn, err = s.startTLS(ctx, e.host)
		return err
	})
	return conn, err
}

func (s *session) dial(ctx context.Context, e *endpoint) (net.Conn, error) {
	raw, err := e.dial(ctx)
	if err != nil {
		return nil, err
	}
	s.raw = &rawConn{Conn: raw}
	s.follow(ctx)
	if e.scheme != schemeLDAPS {
		return s.raw, nil
	}
	return s.backend.tls.Handshake(ctx, s.raw, e.host)
}

// startTLS asks for TLS and returns the encrypted connection. It reads the
// answer octet by octet up to its end and not beyond, so nothing that was
// slipped in unencrypted can count as sent inside TLS.
func (s *session) startTLS(ctx context.Context, host string) (net.Conn, error) {
	if _, err := s.raw.Write(message(startTLSMessageID, extendedRequest(oidStartTLS), nil).Bytes()); err != nil {
		return nil, err
	}
	reply, err := ber.ReadPacket(io.LimitReader(s.raw, maxStartTLSReply))
	if err != nil {
		return nil, err
	}
	if err := checkID(reply, startTLSMessageID); err != nil {
		return nil, err
	}
	if err := checkSuccess(reply, goldap.ApplicationExtendedResponse); err != nil {
		return nil, err
	}
	return s.backend.tls.Handshake(ctx, s.raw, host)
}

// startTLSMessageID is the first of a connection's.
const startTLSMessageID = 1
