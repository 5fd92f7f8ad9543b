package ldap

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"

	ber "github.com/go-asn1-ber/asn1-ber"
	goldap "github.com/go-ldap/ldap/v3"

	"ovpn-verify/backends/backendtest/fakeldap"
)

// answering is a server that answers to every request what answer makes of its id.
// It returns its URL, and how many connections there were is sent to it.
func answering(t *testing.T, answer func(id int64) []byte) (url string, connections chan struct{}) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	connections = make(chan struct{}, 16)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			connections <- struct{}{}
			go answerAll(c, answer)
		}
	}()
	return "ldap://" + l.Addr().String(), connections
}

func answerAll(c net.Conn, answer func(id int64) []byte) {
	defer c.Close()
	for {
		p, err := ber.ReadPacket(c)
		if err != nil || len(p.Children) < 2 {
			return
		}
		id, _ := p.Children[0].Value.(int64)
		if _, err := c.Write(answer(id)); err != nil {
			return
		}
	}
}

func entryTo(id int64, dn string) []byte {
	op := operation(goldap.ApplicationSearchResultEntry)
	op.AppendChild(octets(dn))
	op.AppendChild(ber.NewSequence(""))
	return message(id, op, nil).Bytes()
}

// TestAnAnswerThatBreaksOffIsNoVerdict has two entries come, and then no result. What
// may still come is nothing for the next login.
func TestAnAnswerThatBreaksOffIsNoVerdict(t *testing.T) {
	t.Parallel()
	url, connections := answering(t, func(id int64) []byte {
		two := append(entryTo(id, "uid=ada,dc=example"), entryTo(id, "uid=ada2,dc=example")...)
		return append(two, entryTo(id+1, "uid=eve,dc=example")...)
	})
	c := DefaultConfig()
	c.URLs, c.BaseDN = []string{url}, "dc=example"
	b := newBackend(t, c)
	id, err := ada(t, b)
	if got := outcomeOf(t, id, err); got != down {
		t.Errorf("%s, %v", got, err)
	}
	<-connections
	if s := b.pool.searchers.take(context.Background(), url, ""); s != nil {
		t.Error("the connection waits for another login")
	}
}

func TestAConnectionWithoutAResultIsNotKept(t *testing.T) {
	t.Parallel()
	url, _ := answering(t, func(id int64) []byte { return entryTo(id+1, "uid=eve,dc=example") })
	c := DefaultConfig()
	c.URLs, c.BaseDN = []string{url}, "dc=example"
	b := newBackend(t, c)
	s, err := b.newSearcher(t.Context(), &b.endpoints[0])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.read("uid=ada,dc=example"); err == nil {
		t.Error("another request's answer is taken")
	}
	b.pool.searchers.put(s)
	if b.pool.searchers.take(t.Context(), url, "") != nil {
		t.Error("the connection waits for another login")
	}
}

// TestANoticeOfDisconnectionIsTold names the result code, which is none of the request's.
func TestANoticeOfDisconnectionIsTold(t *testing.T) {
	t.Parallel()
	for _, step := range []fakeldap.Step{fakeldap.StartTLS, fakeldap.ServiceBind, fakeldap.SearchUser, fakeldap.UserBind} {
		certificate, pem := newCertificate(t)
		o := exampleWith(step, fakeldap.Fault{Manner: fakeldap.Goodbye})
		o.TLS = certificate
		c := exampleConfig(t, start(t, o))
		c.StartTLS, c.CAFile = true, writeFile(t, "ca.pem", pem)
		id, err := ada(t, newBackend(t, c))
		if _, answered := errors.AsType[resultError](err); outcomeOf(t, id, err) != down || answered ||
			!strings.Contains(err.Error(), "the server ends the connection: Unavailable (52)") {
			t.Errorf("%s: %v", step, err)
		}
	}
}
