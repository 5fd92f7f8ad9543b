package fakeradius

import (
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"slices"
	"sync"

	"layeh.com/radius"
)

// stream is one connection to a server over TLS.
type stream struct {
	*tls.Conn
	mu     sync.Mutex // writing
	frozen bool
}

func startTLS(opts Options) (*Server, error) {
	l, err := net.Listen("tcp", opts.Addr)
	if err != nil {
		return nil, err
	}
	s := &Server{opts: opts, listener: l, closed: make(chan struct{})}
	s.wg.Go(s.accept)
	return s, nil
}

// Connections tells how many there ever were.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.streams)
}

// Disconnect closes every connection, as a server does with idle ones.
func (s *Server) Disconnect() {
	for _, c := range s.open() {
		_ = c.Close()
	}
}

// Freeze has nothing more come over the connections that there are, as from a
// host that went away without a word.
func (s *Server) Freeze() {
	for _, c := range s.open() {
		c.mu.Lock()
		c.frozen = true
		c.mu.Unlock()
	}
}

func (s *Server) open() []*stream {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.streams)
}

func (s *Server) accept() {
	for {
		raw, err := s.listener.Accept()
		if err != nil {
			return
		}
		c := &stream{Conn: tls.Server(raw, s.opts.TLS)}
		s.mu.Lock()
		s.streams = append(s.streams, c)
		s.mu.Unlock()
		s.wg.Go(func() {
			select {
			case <-s.closed: // while it came in
			default:
				s.converse(c)
			}
			_ = c.Close()
		})
	}
}

// converse reads requests until the connection ends.
func (s *Server) converse(c *stream) {
	for {
		raw := make([]byte, 4096)
		if _, err := io.ReadFull(c, raw[:4]); err != nil {
			return
		}
		length := int(binary.BigEndian.Uint16(raw[2:]))
		if length < 20 || length > len(raw) {
			return
		}
		if _, err := io.ReadFull(c, raw[4:length]); err != nil {
			return
		}
		from, _ := netip.ParseAddrPort(c.RemoteAddr().String())
		req := s.read(raw[:length], from, c.ConnectionState().NegotiatedProtocol == "radius/1.1")
		if s.take(req) {
			s.wg.Go(func() { s.reply(c, req) })
		}
	}
}

// reply is answer on a connection.
func (s *Server) reply(c *stream, req Request) {
	if !s.wait(req) {
		return
	}
	if req.status {
		c.send(s.packet(NoMessageAuthenticator, req, radius.CodeAccessAccept, nil))
		return
	}
	code, attrs := s.verdict(req)
	for _, k := range s.kinds(req) {
		switch k {
		case Silent:
			continue
		case Hangup:
			_ = c.Close()
			return
		}
		c.send(s.packet(k, req, code, attrs))
		if k == HalfAndClose {
			_ = c.Close()
		}
	}
}

func (c *stream) send(packet []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.frozen {
		_, _ = c.Write(packet)
	}
}
