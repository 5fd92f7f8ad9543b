package ldap

import (
	"sync"
	"testing"
	"time"

	"ovpn-verify/backends/backendtest/fakeldap"
)

// waits tells how many connections wait for a bind.
func (w *waiting) waits() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.count()
}

// used is a backend one of whose connections for binds waits for the next login.
func used(t *testing.T, o fakeldap.Options) (*fakeldap.Server, *Backend) {
	t.Helper()
	s := start(t, o)
	c := exampleConfig(t, s)
	c.Timeout = impatience
	b := newBackend(t, c)
	if id, err := ada(t, b); outcomeOf(t, id, err) != accepted {
		t.Fatal(err)
	}
	if n := b.pool.binders.waits(); n != 1 {
		t.Fatalf("%d connections wait", n)
	}
	return s, b
}

func TestAServerThatAllowsOneBindDecides(t *testing.T) {
	t.Parallel()
	o := fakeldap.Example()
	o.OneBind = true
	s, b := used(t, o)
	for password, want := range map[string]outcome{fakeldap.ExampleUserPassword: accepted, "wrong horse": refused} {
		if id, err := login(t, b, "ada", password); outcomeOf(t, id, err) != want {
			t.Errorf("%q: %v", password, err)
		}
	}
	if n := s.Counts(); countOf(n.Binds, fakeldap.ExampleUserDN) != 5 {
		t.Errorf("binds %q", n.Binds)
	}
}

// The directory counts wrong passwords, and one login is one of them.
func TestAVerdictOnAUsedConnectionIsFinal(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]fakeldap.Fault{
		"wrong":                    {Code: 49},
		"right, but to be changed": controls(0, policyError(2)),
	} {
		s, b := used(t, fakeldap.Example())
		s.Misbehave(fakeldap.UserBind, fault)
		if id, err := ada(t, b); outcomeOf(t, id, err) != refused {
			t.Errorf("%s: %v", name, err)
		}
		if n := s.Counts(); countOf(n.Binds, fakeldap.ExampleUserDN) != 2 {
			t.Errorf("%s: binds %q", name, n.Binds)
		}
	}
}

// What a server does wrong it does to a connection that was used before as well: it
// lets nobody in, ends in time, and the next login has a new connection.
func TestMisbehaviourOnAUsedConnection(t *testing.T) {
	t.Parallel()
	for _, manner := range []fakeldap.Manner{
		fakeldap.Silent, fakeldap.Close, fakeldap.Half, fakeldap.HalfSilent, fakeldap.Garbage, fakeldap.Drip, fakeldap.Flood,
		fakeldap.WrongID, fakeldap.WrongOp, fakeldap.NoCode, fakeldap.LongCode, fakeldap.Twice, fakeldap.Goodbye,
	} {
		s, b := used(t, fakeldap.Example())
		s.Misbehave(fakeldap.UserBind, fakeldap.Fault{Manner: manner})
		began := time.Now()
		id, err := ada(t, b)
		if got := outcomeOf(t, id, err); got != down || time.Since(began) > impatience+slack {
			t.Errorf("%s: %s after %v, %v", manner, got, time.Since(began), err)
		}
		if n := b.pool.binders.waits(); n != 0 {
			t.Errorf("%s: %d connections wait", manner, n)
		}
		s.Misbehave(fakeldap.UserBind, fakeldap.Fault{})
		if id, err := ada(t, b); outcomeOf(t, id, err) != accepted {
			t.Errorf("%s, after it: %v", manner, err)
		}
	}
}

// A connection that went down unnoticed costs nobody a login.
func TestAUsedConnectionThatIsClosedInsteadOfAnAnswerIsReplaced(t *testing.T) {
	t.Parallel()
	s, b := used(t, fakeldap.Example())
	s.Misbehave(fakeldap.UserBind, fakeldap.Fault{Manner: fakeldap.Close, Delay: impatience / 4})
	time.AfterFunc(impatience/8, func() { s.Misbehave(fakeldap.UserBind, fakeldap.Fault{}) })
	if id, err := ada(t, b); outcomeOf(t, id, err) != accepted {
		t.Error(err)
	}
}

func TestFewConnectionsWaitForBinds(t *testing.T) {
	t.Parallel()
	s := start(t, exampleWith(fakeldap.UserBind, fakeldap.Fault{Delay: 50 * time.Millisecond}))
	b := newBackend(t, exampleConfig(t, s))
	b.LimitConnections(4 * mostIdle)
	var wg sync.WaitGroup
	for range 2 * mostIdle {
		wg.Go(func() {
			if id, err := ada(t, b); outcomeOf(t, id, err) != accepted {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := b.pool.binders.waits(); n > mostIdle || n == 0 {
		t.Errorf("%d wait", n)
	}
	b.pool.binders.drop(b.endpoints[0].url)
	if n := b.pool.binders.waits(); n != 0 {
		t.Errorf("%d wait after they were dropped", n)
	}
}

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
	if w.take(t.Context(), "ldap://elsewhere") != nil || w.waits() != 0 {
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
