package ldap

import (
	"crypto/tls"
	"net"
	"testing"
	"time"

	"ovpn-verify/backends/backendtest/fakeldap"
)

// A login to another server may need the place of a connection that waits.
func TestWaitingConnectionsLeaveTheirPlaces(t *testing.T) {
	t.Parallel()
	w := &waiting{most: 2, within: time.Minute, places: 2, taken: func() int { return 2 }, idle: map[string][]*session{}}
	s := start(t, fakeldap.Example())
	b := newBackend(t, exampleConfig(t, s))
	one, err := b.open(t.Context(), &b.endpoints[0])
	if err != nil {
		t.Fatal(err)
	}
	w.put(one)
	if w.take(t.Context(), "ldap://elsewhere", "") != nil || w.waits() != 0 {
		t.Errorf("%d wait beside as many as there may be", w.waits())
	}
}

func TestWaitingEnds(t *testing.T) {
	t.Parallel()
	w := &waiting{most: 2, within: 20 * time.Millisecond, places: 2, taken: func() int { return 0 }, idle: map[string][]*session{}}
	s := start(t, fakeldap.Example())
	b := newBackend(t, exampleConfig(t, s))
	for range 2 {
		one, err := b.open(t.Context(), &b.endpoints[0])
		if err != nil {
			t.Fatal(err)
		}
		w.put(one)
		time.Sleep(5 * time.Millisecond)
	}
	deadline := time.Now().Add(slack)
	for w.waits() > 0 && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	if n := w.waits(); n > 0 {
		t.Errorf("%d wait still", n)
	}
}

// TLS reads a second message of a record together with the first.
func TestWhatTLSHoldsIsNoticed(t *testing.T) {
	t.Parallel()
	certificate, _ := newCertificate(t)
	here, there := net.Pipe()
	server := tls.Server(there, certificate)
	w := newWire(tls.Client(here, &tls.Config{InsecureSkipVerify: true})) // who it is does not matter here
	go func() {
		server.Write([]byte("one"))
		server.Write([]byte("one"))
		server.Write([]byte("two"))
	}()
	var answer [3]byte
	if _, err := w.Read(answer[:]); err != nil {
		t.Fatal(err)
	}
	if w.holds() {
		t.Error("one answer, and something is held")
	}
	if _, err := w.Read(answer[:1]); err != nil {
		t.Fatal(err)
	}
	if !w.holds() {
		t.Error("what nobody asked for is not noticed")
	}
}
