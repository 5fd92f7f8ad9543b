package ldap

import (
	"errors"
	"os"
	"syscall"

	ber "github.com/go-asn1-ber/asn1-ber"
	goldap "github.com/go-ldap/ldap/v3"
)

// send writes a request. One is under way at a time, so that nobody has to read but
// who waits for the answer: the library's two goroutines, buffer and channels for each
// connection came to more memory and work than all the rest of a login. And it reads
// a bind's result code of no or of too many octets, or in an answer to something else,
// as success.
func (s *session) send(op *ber.Packet, controls ...goldap.Control) error {
	s.lastID++
	_, err := s.wire.Write(message(s.lastID, op, controls).Bytes())
	return err
}

// answer reads what came back for a bind.
func (s *session) answer() (*ber.Packet, error) {
	answer, err := onlyMessage(s.wire)
	if err == nil {
		err = checkID(answer, s.lastID)
	}
	return answer, err
}

// awaitAnswer waits until an answer has begun, or the connection ended. To read takes
// a deep stack in TLS, and a buffer; while a login waits it shall have neither.
func (s *session) awaitAnswer() {
	s.awaitBytes()
	for s.wire.Conn != s.raw && !s.hasBegun() {
		s.awaitBytes()
	}
}

// hasBegun is for TLS, where a server may send what is no answer: OpenSSL's sends
// session tickets, asked for or not.
func (s *session) hasBegun() bool {
	return !errors.Is(aside(s.wire.begin), os.ErrDeadlineExceeded) // reading tells of other errors
}

// awaitBytes waits until something came, or the connection ended. Nothing is missed: TLS
// has read nothing since the request was sent but what is no answer.
func (s *session) awaitBytes() {
	raw, err := s.raw.SyscallConn()
	if err != nil {
		return // reading tells
	}
	_ = raw.Read(func(fd uintptr) bool { return !errors.Is(peek(fd), syscall.EAGAIN) })
}

// isQuiet tells whether the server has neither sent anything nor closed.
func (s *session) isQuiet() bool {
	raw, err := s.raw.SyscallConn()
	if err != nil {
		return false
	}
	var came error
	err = raw.Control(func(fd uintptr) { came = peek(fd) })
	return err == nil && errors.Is(came, syscall.EAGAIN)
}

func peek(fd uintptr) error {
	var b [1]byte
	_, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	return err
}
