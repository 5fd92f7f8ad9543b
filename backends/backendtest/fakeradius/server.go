package fakeradius

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"layeh.com/radius"
)

// Request is an Access-Request as it came in.
type Request struct {
	From       netip.AddrPort
	Raw        []byte // the datagram
	Identifier byte
	Username   string
	Password   string // decoded; wrong when the secrets differ
	State      []byte // nil: there was none
	Attributes radius.Attributes
	// Valid tells whether the one Message-Authenticator was right. A request
	// without one is not answered.
	Valid bool

	status bool // it is a Status-Server
}

// Server runs until Close.
type Server struct {
	opts Options
	conn *net.UDPConn
	// other is the socket that OtherPort answers from.
	other *net.UDPConn

	wg     sync.WaitGroup
	closed chan struct{}
	once   sync.Once

	mu       sync.Mutex
	requests []Request
	probes   []Request
}

// Start opens the sockets and serves.
func Start(opts Options) (*Server, error) {
	if opts.Addr == "" {
		opts.Addr = "127.0.0.1:0"
	}
	at, err := net.ResolveUDPAddr("udp", opts.Addr)
	if err != nil {
		return nil, err
	}
	s := &Server{opts: opts, closed: make(chan struct{})}
	if s.conn, err = net.ListenUDP("udp", at); err != nil {
		return nil, err
	}
	if s.other, err = net.ListenUDP("udp", &net.UDPAddr{IP: at.IP}); err != nil {
		s.conn.Close()
		return nil, err
	}
	s.wg.Go(s.serve)
	return s, nil
}

// Addr is the server's host:port.
func (s *Server) Addr() string { return s.conn.LocalAddr().String() }

// Requests returns what came in so far, in its order, retransmissions included.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Probes returns the Status-Server requests so far, which Requests leaves out.
func (s *Server) Probes() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.probes)
}

// Close ends the server and waits for its goroutines; answers that are still
// delayed are not sent. Afterwards the port is closed, as on a dead host.
func (s *Server) Close() error {
	var err error
	s.once.Do(func() {
		close(s.closed)
		err = errors.Join(s.conn.Close(), s.other.Close())
		s.wg.Wait()
	})
	return err
}

func (s *Server) serve() {
	buf := make([]byte, 65536)
	for {
		n, from, err := s.conn.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // an ICMP error about an answer to somebody who is gone
		}
		req := s.read(slices.Clone(buf[:n]), from)
		if s.take(req) {
			s.wg.Go(func() { s.answer(req) })
		}
	}
}

// take notes a request and tells whether it is to be answered.
func (s *Server) take(req Request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if req.status {
		s.probes = append(s.probes, req)
		return req.Valid && s.opts.Status
	}
	s.requests = append(s.requests, req)
	return req.Valid && len(s.requests) > s.opts.Drop
}

// answer sends the datagrams for one request.
func (s *Server) answer(req Request) {
	select {
	case <-time.After(s.opts.Delay):
	case <-s.closed:
		return
	}
	if req.status {
		_, _ = s.conn.WriteToUDPAddrPort(s.datagram(NoMessageAuthenticator, req, radius.CodeAccessAccept, nil), req.From)
		return
	}
	code, attrs := s.verdict(req)
	kinds := s.opts.Answers
	if len(kinds) == 0 {
		kinds = []Kind{Good}
	}
	for _, k := range kinds {
		conn := s.conn
		if k == OtherPort {
			conn = s.other
		}
		if k != Silent {
			// It fails when the server is being closed, and then nobody waits for it.
			_, _ = conn.WriteToUDPAddrPort(s.datagram(k, req, code, attrs), req.From)
		}
	}
}
