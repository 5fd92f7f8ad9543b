package ldap

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"ovpn-verify/backends/backendtest/fakeldap"
)

// silentAndRefusing are a server that accepts and says nothing, and an address
// where nobody listens.
func silentAndRefusing(t *testing.T) (silent *fakeldap.Server, refusing string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refusing = "ldap://" + l.Addr().String()
	l.Close()
	return start(t, exampleWith(fakeldap.Accept, fakeldap.Fault{Manner: fakeldap.Silent})), refusing
}

// TestADeadServerIsPaidForOnce is the measure: the first login takes
// the silent server's timeout and 100 ms at most, the next 100 ms. On a machine
// that is busy with other things it may take a second try.
func TestADeadServerIsPaidForOnce(t *testing.T) {
	const timeout, extra = 200 * time.Millisecond, 100 * time.Millisecond
	silent, refusing := silentAndRefusing(t)
	good := start(t, fakeldap.Example())
	c := exampleConfig(t)
	c.URLs, c.Timeout = []string{silent.URL(), refusing, good.URL()}, timeout
	for try := 1; ; try++ {
		b := newBackend(t, c)
		first, second := timed(t, b), timed(t, b)
		t.Logf("the first login took %v, the second %v", first, second)
		if n := silent.Counts().Connections; n != try {
			t.Errorf("the silent server had %d connections", n)
		}
		if first <= timeout+extra && second <= extra {
			return
		}
		if try == 5 {
			t.Fatalf("the first login took %v, the second %v", first, second)
		}
	}
}

func timed(t *testing.T, b *Backend) time.Duration {
	t.Helper()
	began := time.Now()
	if id, err := ada(t, b); outcomeOf(t, id, err) != accepted {
		t.Errorf("%v", err)
	}
	return time.Since(began).Round(100 * time.Microsecond)
}

// TestADeadServerIsProbed has the first server come back: it is found by a
// probe that no login waits for, and asked first again.
func TestADeadServerIsProbed(t *testing.T) {
	t.Parallel()
	first := start(t, exampleWith(fakeldap.ServiceBind, fakeldap.Fault{Code: 52}))
	second := start(t, fakeldap.Example())
	b := newBackend(t, exampleConfig(t, first, second))
	b.health.wait = 50 * time.Millisecond
	seen := func() int { return first.Counts().Connections }
	for range 3 {
		if _, err := ada(t, b); err != nil {
			t.Fatal(err)
		}
	}
	if seen() != 1 {
		t.Errorf("a dead server was asked %d times", seen())
	}
	first.Misbehave(fakeldap.ServiceBind, fakeldap.Fault{})
	time.Sleep(60 * time.Millisecond)
	for deadline := time.Now().Add(slack); ; time.Sleep(10 * time.Millisecond) {
		if _, err := ada(t, b); err != nil {
			t.Fatal(err)
		}
		if binds := first.Counts().Binds; len(binds) > 0 && binds[len(binds)-1] == fakeldap.ExampleUserDN {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the first server is never asked again")
		}
	}
}

// TestADirectoryThatGoesAwayAndComesBack never refuses the right password, and
// its first login after the return succeeds.
func TestADirectoryThatGoesAwayAndComesBack(t *testing.T) {
	t.Parallel()
	s := start(t, fakeldap.Example())
	b := newBackend(t, exampleConfig(t, s))
	b.health.wait = time.Hour
	for round, f := range []fakeldap.Fault{{}, {Manner: fakeldap.Close}, {}} {
		for _, step := range []fakeldap.Step{fakeldap.Accept, fakeldap.SearchUser} {
			s.Misbehave(step, f)
		}
		want := accepted
		if round == 1 {
			want = down
		}
		for range 3 {
			if id, err := ada(t, b); outcomeOf(t, id, err) != want {
				t.Errorf("round %d: %v", round, err)
			}
		}
	}
}

// TestOneBudgetOverAllServers gives three silent servers no more together than
// nine tenths of the login's time, and each of them its turn.
func TestOneBudgetOverAllServers(t *testing.T) {
	t.Parallel()
	c := exampleConfig(t)
	var servers []*fakeldap.Server
	for range 3 {
		s := start(t, exampleWith(fakeldap.Accept, fakeldap.Fault{Manner: fakeldap.Silent}))
		servers, c.URLs = append(servers, s), append(c.URLs, s.URL())
	}
	ctx, cancel := context.WithTimeout(t.Context(), 1800*time.Millisecond)
	defer cancel()
	id, err := newBackend(t, c).CheckPassword(ctx, request("ada", fakeldap.ExampleUserPassword))
	if outcomeOf(t, id, err) != down || ctx.Err() != nil || strings.Count(err.Error(), "no answer within") != 3 {
		t.Errorf("%v, %v", err, ctx.Err())
	}
	for i, s := range servers {
		if n := s.Counts().Connections; n != 1 {
			t.Errorf("server %d had %d connections", i, n)
		}
	}
}
