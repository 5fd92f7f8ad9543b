package fakeradius

import (
	"errors"
	"net"
	"os"
	"testing"
	"time"

	"layeh.com/radius"
	"layeh.com/radius/rfc2865"
)

// A request that does not prove the secret gets no answer, not even a refusal.
func TestUnsignedRequestIsNotAnswered(t *testing.T) {
	s, err := Start(Options{Secret: "secret", AcceptAll: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	conn, err := net.Dial("udp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	none := radius.New(radius.CodeAccessRequest, []byte("secret"))
	if err := rfc2865.UserName_SetString(none, "alice"); err != nil {
		t.Fatal(err)
	}
	wrong := radius.New(radius.CodeAccessRequest, []byte("secret"))
	wrong.Add(80, make(radius.Attribute, 16))
	for _, p := range []*radius.Packet{none, wrong} {
		wire, err := p.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Write(wire); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := conn.Write([]byte("no packet")); err != nil {
		t.Fatal(err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if n, err := conn.Read(make([]byte, 4096)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%d bytes came back, error %v", n, err)
	}
	reqs := s.Requests()
	if len(reqs) != 3 || reqs[0].Valid || reqs[1].Valid || reqs[2].Valid || reqs[0].Username != "alice" {
		t.Errorf("requests %+v", reqs)
	}
}
