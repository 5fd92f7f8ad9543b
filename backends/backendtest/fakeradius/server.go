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
	Raw        []byte // the packet
	Identifier byte
	// V11: it came over a connection that speaks RADIUS/1.1 (RFC 9765).
	V11        bool
	Username   string
	Password   string // decoded; wrong when the secrets differ
	State      []byte // nil: there was none
	Attributes radius.Attributes
	// Valid tells whether the one Message-Authenticator was right, or with V11
	// that there is none and what is reserved is zero. Another request is not
	// answered.
	Valid bool

	status bool // it is a Status-Server
}

// Server runs until Close.
type Server struct {
	opts Options
	conn *net.UDPConn
	// other is the socket that OtherPort answers from.
	other *net.UDPConn
	// listener is in place of both with Options.TLS.
	listener net.Listener

	wg     sync.WaitGroup
	closed chan struct{}
	once   sync.Once

	mu       sync.Mutex
	requests []Request
	probes   []Request
	streams  []*stream // all that there ever were
}

// Start opens the sockets and serves.
func Start(opts Options) (*Server, error) {
	if opts.Addr == "" {
		opts.Addr = "127.0.0.1:0"
	}
	if opts.TLS != nil {
		return startTLS(opts)
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
func (s *Server) Addr() string {
	if s.listener != nil {
		return s.listener.Addr().String()
	}
	return s.conn.LocalAddr().String()
}

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
		if s.listener != nil {
			err = s.listener.Close()
			s.Disconnect()
		} else {
			err = errors.Join(s.conn.Close(), s.other.Close())
		}
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
		req := s.read(slices.Clone(buf[:n]), from, false)
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

// wait is the time before an answer; false: the server was closed.
func (s *Server) wait(req Request) bool {
	select {
	case <-time.After(s.opts.Delay + s.opts.Users[req.Username].Delay):
		return true
	case <-s.closed:
		return false
	}
}

// kinds are those of the answers to a request.
func (s *Server) kinds(req Request) []Kind {
	switch own := s.opts.Users[req.Username].Answers; {
	case len(own) > 0:
		return own
	case len(s.opts.Answers) > 0:
		return s.opts.Answers
	default:
		return []Kind{Good}
	}
}

// answer sends the datagrams for one request.
func (s *Server) answer(req Request) {
	if !s.wait(req) {
		return
	}
	if req.status {
		_, _ = s.conn.WriteToUDPAddrPort(s.packet(NoMessageAuthenticator, req, radius.CodeAccessAccept, nil), req.From)
		return
	}
	code, attrs := s.verdict(req)
	for _, k := range s.kinds(req) {
		conn := s.conn
		if k == OtherPort {
			conn = s.other
		}
		if k != Silent {
			// It fails when the server is being closed, and then nobody waits for it.
			_, _ = conn.WriteToUDPAddrPort(s.packet(k, req, code, attrs), req.From)
		}
	}
}
