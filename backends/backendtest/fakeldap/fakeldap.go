// Package fakeldap is a small directory server for tests. It speaks LDAP (RFC
// 4511) over a loopback socket, plain, with StartTLS or as LDAPS, answers
// binds and searches from a list of entries, and misbehaves on demand. It
// counts what it was asked, so that a test can tell what was never sent.
package fakeldap

import (
	"crypto/tls"
	"maps"
	"net"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Entry is one object of the directory.
type Entry struct {
	DN         string
	Password   string              // empty: the entry has none and cannot be bound as
	Attributes map[string][]string // names as a server would send them
	Right      Fault               // the reply to a bind with the right password, unless the step's fault has its own
}

// Options say what the server holds and how it behaves.
type Options struct {
	// Entries of the directory, the service account's among them.
	Entries []Entry
	// ServiceDN is the one account that may search; empty: anybody may who is
	// not bound.
	ServiceDN string
	// SelfRead lets a user who is bound search, too.
	SelfRead bool
	// External takes whoever binds with SASL EXTERNAL for the service account.
	External bool
	// GroupBaseDN tells a search for groups from one for users.
	GroupBaseDN string
	// MaxEntries is what one answer to a search may hold; more is
	// sizeLimitExceeded, or another page (RFC 2696). 0: no limit.
	MaxEntries int
	// MaxValues is how many values of an attribute are sent at once, the others
	// on request as Active Directory does it: name;range=0-1499. 0: no limit.
	MaxValues int
	// Referral comes with every search, RFC 4511 section 4.5.3; empty: none.
	Referral string
	// Listen is host:port or the path of a Unix socket; empty: any free port
	// of 127.0.0.1.
	Listen string
	// TLS holds the certificate for LDAPS or StartTLS; see NewCertificate.
	TLS *tls.Config
	// LDAPS starts TLS at once; without it TLS offers StartTLS.
	LDAPS bool
	// Faults are the misbehaviours, by the step they strike at.
	Faults map[Step]Fault
	// NamingContexts are what the server says that it holds.
	NamingContexts []string
	// Now is the time that the server tells, as Active Directory does; nil: none.
	Now func() time.Time
	// Unauthenticated accepts a bind with a name and no password (RFC 4513
	// section 5.1.2) and one with a password and no name, as many servers do.
	Unauthenticated bool
	// WhoAmI has the server tell whom a connection is bound as (RFC 4532).
	WhoAmI bool
	// SecondBind is how a connection's binds are answered after the first one.
	SecondBind Fault
	// Sticky agrees to each bind after the first one of a connection, and stays with that.
	Sticky bool
}

// Counts are what the server was asked so far.
type Counts struct {
	Connections    int      // accepted
	MaxConnections int      // open at the same time
	StartTLS       int      // requests
	Binds          []string // the DN of each, in order of arrival
	Searches       []string // the filter of each, in order of arrival
	Plaintext      int      // binds and searches that came unencrypted
}

// Server runs until it is closed.
type Server struct {
	options  Options
	listener net.Listener
	stop     chan struct{}
	once     sync.Once
	running  sync.WaitGroup

	mu         sync.Mutex
	faults     map[Step]Fault
	counts     Counts
	generation int // of binds that still count
	open       map[net.Conn]struct{}
}

// Start listens and answers in the background. The caller must Close it.
func Start(o Options) (*Server, error) {
	network, address := "tcp", o.Listen
	switch {
	case address == "":
		address = "127.0.0.1:0"
	case strings.HasPrefix(address, "/"):
		network = "unix"
	}
	l, err := net.Listen(network, address)
	if err != nil {
		return nil, err
	}
	s := &Server{
		options: o, listener: l, stop: make(chan struct{}),
		faults: map[Step]Fault{}, open: map[net.Conn]struct{}{},
	}
	maps.Copy(s.faults, o.Faults)
	s.running.Go(s.accept)
	return s, nil
}

// URL is what a client is configured with.
func (s *Server) URL() string {
	address := s.listener.Addr()
	switch {
	case address.Network() == "unix":
		return "ldapi://" + url.PathEscape(address.String())
	case s.options.LDAPS:
		return "ldaps://" + address.String()
	}
	return "ldap://" + address.String()
}

// Misbehave replaces the fault of a step, for replies from now on.
func (s *Server) Misbehave(step Step, f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[step] = f
}

// Drop closes every connection, as a server that restarts.
func (s *Server) Drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.open {
		c.Close()
	}
}

// Unbind makes every connection anonymous without a word.
func (s *Server) Unbind() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.generation++
}

func (s *Server) present() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.generation
}

// Counts returns a copy.
func (s *Server) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.counts
	c.Binds = append([]string(nil), c.Binds...)
	c.Searches = append([]string(nil), c.Searches...)
	return c
}

// Close ends every connection and waits until nothing runs any more. It may be
// called again.
func (s *Server) Close() error {
	var err error
	s.once.Do(func() {
		close(s.stop)
		err = s.listener.Close()
	})
	s.mu.Lock()
	for c := range s.open {
		c.Close()
	}
	s.mu.Unlock()
	s.running.Wait()
	return err
}

func (s *Server) accept() {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.running.Go(func() { s.serve(c) })
	}
}

func (s *Server) serve(c net.Conn) {
	defer c.Close()
	s.mu.Lock()
	s.open[c] = struct{}{}
	s.counts.Connections++
	s.counts.MaxConnections = max(s.counts.MaxConnections, len(s.open))
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.open, c)
		s.mu.Unlock()
	}()
	select {
	case <-s.stop: // Close may have gone through the open ones already
		return
	default:
	}
	newClient(s, c).run()
}

func (s *Server) fault(step Step) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults[step]
}

func (s *Server) count(f func(*Counts)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.counts)
}
