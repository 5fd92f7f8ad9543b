package ldap

import (
	"crypto/tls"
	"io"
	"net"
	"testing"
	"time"
)

// swallowing is TLS where a server sends what is no answer: reading goes on after it.
type swallowing struct {
	net.Conn
	ticket int // bytes
}

func (c *swallowing) Read(p []byte) (int, error) {
	for c.ticket > 0 {
		n, err := c.Conn.Read(make([]byte, c.ticket))
		if err != nil {
			return 0, err
		}
		c.ticket -= n
	}
	return c.Conn.Read(p)
}

// connected are two ends of a connection.
func connected(t *testing.T) (client, server net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if client, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if server, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close(); server.Close() })
	return client, server
}

func sessionOn(raw *rawConn, c net.Conn) *session { return &session{raw: raw, wire: newWire(c)} }

// TestATicketIsNoAnswer has a ticket come at once and the answer in two parts later.
func TestATicketIsNoAnswer(t *testing.T) {
	t.Parallel()
	client, server := connected(t)
	raw := &rawConn{Conn: client}
	s := sessionOn(raw, &swallowing{raw, len("ticket")})
	began := make(chan struct{})
	go func() { s.awaitAnswer(); close(began) }()
	for _, part := range []string{"tic", "ket"} {
		_, _ = server.Write([]byte(part))
		time.Sleep(2 * beginWithin)
		select {
		case <-began:
			t.Fatalf("%q is taken for an answer", part)
		default:
		}
	}
	for i, part := range []string{"ans", "wer"} {
		if i > 0 {
			<-began
		}
		_, _ = server.Write([]byte(part))
	}
	got := make([]byte, len("answer"))
	if _, err := io.ReadFull(s.wire, got); err != nil || string(got) != "answer" {
		t.Errorf("%q, %v", got, err)
	}
	if s.wire.left != maxReplies-len(got) {
		t.Errorf("%d bytes are counted", maxReplies-s.wire.left)
	}
}

// TestAnAnswerIsAwaitedInTLS goes through real TLS, to the answer and to the end.
func TestAnAnswerIsAwaitedInTLS(t *testing.T) {
	t.Parallel()
	certificate, _ := newCertificate(t)
	for _, text := range []string{"answer", ""} {
		client, server := connected(t)
		raw := &rawConn{Conn: client}
		secured := tls.Client(raw, &tls.Config{InsecureSkipVerify: true})
		go func() {
			c := tls.Server(server, certificate)
			if c.Handshake() == nil && text != "" {
				time.Sleep(2 * beginWithin)
				_, _ = c.Write([]byte(text))
			}
			c.Close()
		}()
		if err := secured.Handshake(); err != nil {
			t.Fatal(err)
		}
		s := sessionOn(raw, secured)
		s.awaitAnswer()
		if got, err := io.ReadAll(s.wire); err != nil || string(got) != text {
			t.Errorf("%q, %v, want %q", got, err, text)
		}
	}
}
