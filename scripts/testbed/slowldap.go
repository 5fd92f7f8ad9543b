package testbed

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	goldap "github.com/go-ldap/ldap/v3"
)

// SlowLDAP stands in front of a directory and holds each user's bind back for a
// while. Searches go through at once, so that a login takes that while and no more.
type SlowLDAP struct {
	URL string

	listener net.Listener
	target   string
	delay    time.Duration
	running  sync.WaitGroup

	mu   sync.Mutex
	open map[net.Conn]bool
}

// StartSlowLDAP listens on a free port of the host's loopback, with TLS unless
// config is nil. target is the host and port of a directory without TLS.
func StartSlowLDAP(target string, delay time.Duration, config *tls.Config) (*SlowLDAP, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("testbed: %w", err)
	}
	s := &SlowLDAP{URL: "ldap://" + listener.Addr().String(), listener: listener, target: target, delay: delay, open: map[net.Conn]bool{}}
	if config != nil {
		s.URL = "ldaps://" + listener.Addr().String()
		s.listener = tls.NewListener(listener, config)
	}
	s.running.Go(func() {
		for {
			client, err := s.listener.Accept()
			if err != nil {
				return
			}
			s.running.Go(func() { s.serve(client) })
		}
	})
	return s, nil
}

// Stop closes all connections.
func (s *SlowLDAP) Stop() error {
	err := s.listener.Close()
	s.mu.Lock()
	for c := range s.open {
		c.Close()
	}
	s.open = nil
	s.mu.Unlock()
	s.running.Wait()
	return err
}

// keep tells whether the connection may go on; it is closed with the others.
func (s *SlowLDAP) keep(c net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		return false
	}
	s.open[c] = true
	return true
}

func (s *SlowLDAP) drop(c net.Conn) {
	c.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, c)
}

func (s *SlowLDAP) serve(client net.Conn) {
	defer s.drop(client)
	server, err := net.Dial("tcp", s.target)
	if err != nil {
		return
	}
	defer s.drop(server)
	if !s.keep(client) || !s.keep(server) {
		return
	}
	answers := make(chan error, 1)
	go func() {
		err := relay(client, server)
		client.Close()
		answers <- err
	}()
	_ = s.forward(client, server)
	server.Close()
	<-answers
}

// relay has no part in what net makes of io.Copy: to splice would take a pipe for each
// connection, which are two more files that each fork of this process copies.
func relay(to io.Writer, from io.Reader) error {
	_, err := io.CopyBuffer(struct{ io.Writer }{to}, struct{ io.Reader }{from}, make([]byte, 4<<10))
	return err
}

func (s *SlowLDAP) forward(client io.Reader, server io.Writer) error {
	requests := bufio.NewReader(client) // the library reads octet by octet
	for {
		request, err := ber.ReadPacket(requests)
		if err != nil {
			return err
		}
		if len(request.Children) < 2 {
			return errors.New("no LDAP message")
		}
		if op := request.Children[1]; op.Tag == goldap.ApplicationBindRequest && len(op.Children) > 1 &&
			strings.HasPrefix(fmt.Sprint(op.Children[1].Value), "uid=") {
			time.Sleep(s.delay)
		}
		if _, err := server.Write(request.Bytes()); err != nil {
			return err
		}
	}
}
