package ldap

import (
	"net"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"ovpn-verify/backends/backendtest/fakeldap"
)

func countOf(binds []string, dn string) int {
	return len(binds) - len(except(binds, dn))
}

func TestTheSearchingConnectionIsUsedAgain(t *testing.T) {
	t.Parallel()
	s := start(t, fakeldap.Example())
	b := newBackend(t, exampleConfig(t, s))
	for i := range 5 {
		password, want := fakeldap.ExampleUserPassword, accepted
		if i%2 == 1 {
			password, want = "wrong horse", refused
		}
		if id, err := login(t, b, "ada", password); outcomeOf(t, id, err) != want {
			t.Errorf("login %d: %v", i, err)
		}
	}
	n := s.Counts()
	if n.Connections != 6 || countOf(n.Binds, fakeldap.ExampleServiceDN) != 1 || countOf(n.Binds, fakeldap.ExampleUserDN) != 5 {
		t.Errorf("%+v", n)
	}
}

func TestADroppedConnectionIsReplaced(t *testing.T) {
	t.Parallel()
	s := start(t, fakeldap.Example())
	b := newBackend(t, exampleConfig(t, s))
	for i := range 6 {
		if id, err := ada(t, b); outcomeOf(t, id, err) != accepted {
			t.Fatalf("login %d: %v", i, err)
		}
		s.Drop()
		if i%2 == 0 { // noticed before the next login, or by it
			time.Sleep(20 * time.Millisecond)
		}
	}
	if binds := s.Counts().Binds; countOf(binds, fakeldap.ExampleServiceDN) != 6 {
		t.Errorf("binds %q", binds)
	}
}

// TestAConnectionThatIsOutOfFavourIsReplaced replaces the connection of a server that says
// no to everything on it.
func TestAConnectionThatIsOutOfFavourIsReplaced(t *testing.T) {
	t.Parallel()
	s := start(t, fakeldap.Example())
	b := newBackend(t, exampleConfig(t, s))
	if _, err := ada(t, b); err != nil {
		t.Fatal(err)
	}
	s.Unbind()
	if id, err := ada(t, b); outcomeOf(t, id, err) != accepted {
		t.Error(err)
	}
}

// TestAStorm is the issue's: 500 logins of which 64 are checked at once.
func TestAStorm(t *testing.T) {
	const logins, atOnce = 500, 64
	s := start(t, fakeldap.Example())
	b := newBackend(t, exampleConfig(t, s))
	b.LimitConnections(atOnce)
	places := make(chan struct{}, atOnce)
	outcomes := make([]outcome, logins)
	began := time.Now()
	var wg sync.WaitGroup
	for i := range logins {
		wg.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			password := fakeldap.ExampleUserPassword
			if i%5 == 4 {
				password = "wrong horse"
			}
			id, err := login(t, b, "ada", password)
			outcomes[i] = outcomeOf(t, id, err)
		})
	}
	wg.Wait()
	took := time.Since(began)
	n := s.Counts()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	t.Logf("%d logins, %d at once, in %v: %d connections, %d of them open at the same time, %d service binds; %d KiB in use",
		logins, atOnce, took.Round(time.Millisecond), n.Connections, n.MaxConnections, countOf(n.Binds, fakeldap.ExampleServiceDN), memory.HeapInuse>>10)
	// The server learns a little later that a connection is closed, so its own
	// count may be above what was open on our side.
	if n.MaxConnections > 2*atOnce {
		t.Errorf("%d connections at the same time", n.MaxConnections)
	}
	if most := b.pool.searching.Most() + cap(b.pool.binding); most != atOnce {
		t.Errorf("%d connections are allowed at the same time", most)
	}
	if right := len(outcomes) - len(slices.DeleteFunc(slices.Clone(outcomes), func(o outcome) bool { return o == accepted })); right != logins*4/5 || slices.Contains(outcomes, down) {
		t.Errorf("%d accepted", right)
	}
	if binds := countOf(n.Binds, fakeldap.ExampleServiceDN); binds > atOnce/searchShare {
		t.Errorf("%d service binds: the searching connections were not used again", binds)
	}
}

// slowToClose stands for the moment in which the system closes a connection.
type slowToClose struct {
	net.Conn
	begun, end chan struct{}
}

func (c *slowToClose) Close() error {
	close(c.begun)
	<-c.end
	return nil
}

func TestAConnectionIsClosedWhenCloseReturnsWhoeverBegan(t *testing.T) {
	t.Parallel()
	conn := &slowToClose{begun: make(chan struct{}), end: make(chan struct{})}
	s := &rawConn{Conn: conn}
	go s.Close()
	<-conn.begun
	second := make(chan struct{})
	go func() {
		s.Close()
		close(second)
	}()
	select {
	case <-second:
		t.Error("it is not closed yet")
	case <-time.After(20 * time.Millisecond):
	}
	close(conn.end)
	<-second
}
