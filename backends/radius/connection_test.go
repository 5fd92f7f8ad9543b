package radius

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"ovpn-verify/backends/backendtest/fakeldap"
	"ovpn-verify/backends/backendtest/fakeradius"
	"ovpn-verify/verify/primary"
)

// A connection that the server closed while nobody needed it costs no login.
func TestConnectionClosedByTheServerIsReplaced(t *testing.T) {
	for version, alpn := range versions {
		s, cfg := startTLS(t, fakeradius.Options{}, alpn)
		for _, push := range []bool{false, true} {
			cfg.Push = push
			b := backend(t, cfg)
			before := s.Connections()
			for range 5 {
				letIn(t, b)
				s.Disconnect()
				if push { // where the two cross, nobody knows whether a phone rang
					eventually(t, "the end is noticed", func() bool { return b.links[b.servers[0]].Open() == 0 })
				}
			}
			if n := s.Connections() - before; n != 5 {
				t.Errorf("%s: %d connections", version, n)
			}
		}
	}
}

// All of them share one connection, up to the 255 that fit on it.
func TestManyLoginsAtOnceShareAConnection(t *testing.T) {
	t.Parallel()
	const logins = 300
	for version, want := range map[string]int{"RADIUS/TLS": 2, "RADIUS/1.1": 1} {
		s, cfg := startTLS(t, fakeradius.Options{Delay: 3 * tick, Users: many(logins)}, versions[version])
		cfg.Timeout = 50 * tick
		b := backend(t, cfg)
		began := time.Now()
		var wg sync.WaitGroup
		for i := range logins {
			wg.Go(func() {
				user := fmt.Sprintf("user%d", i)
				if id, err := b.CheckPassword(t.Context(), login(user, "password of "+user)); err != nil || id.Name != user {
					t.Errorf("%s: identity %q, error %v", user, id.Name, err)
				}
				if _, err := b.CheckPassword(t.Context(), login(user, "password of user"+fmt.Sprint(i+1))); !errors.Is(err, primary.ErrRefused) {
					t.Errorf("%s: %v; want a refusal", user, err)
				}
			})
		}
		wg.Wait()
		if n := s.Connections(); n != want {
			t.Errorf("%s: %d connections", version, n)
		}
		t.Logf("%s: %d logins in %v over %d connections", version, 2*logins, time.Since(began).Round(time.Millisecond), s.Connections())
	}
}

func many(n int) map[string]fakeradius.User {
	users := map[string]fakeradius.User{}
	for i := range n {
		name := fmt.Sprintf("user%d", i)
		users[name] = fakeradius.User{Password: "password of " + name}
	}
	return users
}

// An answer that nobody waits for any more goes to nobody else, and the
// connection goes on.
func TestLateAnswerIsNobodys(t *testing.T) {
	for _, version := range []string{"RADIUS/TLS", "RADIUS/1.1"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			s, cfg := startTLS(t, fakeradius.Options{Status: true, Users: map[string]fakeradius.User{
				"alice": {Password: password}, "bob": {Password: password}, "slow": {Password: password, Delay: 7 * tick},
			}}, versions[version])
			cfg.Timeout = 3 * tick
			b := backend(t, cfg)
			connected(t, b)
			before := s.Connections()
			id, err := b.CheckPassword(t.Context(), login("slow", password))
			outage(t, id, err)
			for range 4 {
				letIn(t, b)
				if _, err := b.CheckPassword(t.Context(), login("alice", "wrong")); !errors.Is(err, primary.ErrRefused) {
					t.Errorf("%v; want a refusal", err)
				}
				time.Sleep(tick / 2)
			}
			if n := s.Connections(); n != before {
				t.Errorf("%d connections more", n-before)
			}
		})
	}
}

// A connection of which only this end still knows costs the first login two
// timeouts and those after it nothing.
func TestHalfOpenConnectionIsReplaced(t *testing.T) {
	for _, version := range []string{"RADIUS/TLS", "RADIUS/1.1"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			s, cfg := startTLS(t, fakeradius.Options{Status: true}, versions[version])
			cfg.Timeout, cfg.Retries = 3*tick, 9
			b := backend(t, cfg)
			connected(t, b)
			s.Freeze()
			before := s.Connections()
			for i, most := range []time.Duration{25 * tick, 5 * tick} {
				began := time.Now()
				letIn(t, b)
				if took := time.Since(began); took > most {
					t.Errorf("login %d took %v", i+1, took)
				}
			}
			if n := len(s.Probes()); n != 1 || !s.Probes()[0].Valid || s.Connections() != before+1 {
				t.Errorf("%d Status-Servers, %d connections after %d", n, s.Connections(), before)
			}
		})
	}
}

// Also where no login has the time to see it through.
func TestHalfOpenConnectionIsReplacedWithoutRetries(t *testing.T) {
	t.Parallel()
	s, cfg := startTLS(t, fakeradius.Options{}, nil)
	cfg.Timeout, cfg.Retries = 3*tick, 0
	b := backend(t, cfg)
	connected(t, b)
	s.Freeze()
	id, err := b.CheckPassword(t.Context(), login("alice", password))
	outage(t, id, err)
	eventually(t, "the connection is given up", func() bool { return b.links[b.servers[0]].Open() == 0 })
	letIn(t, b)
}

// A server that owes an answer and is there may go on owing it.
func TestSlowAnswerIsWaitedFor(t *testing.T) {
	t.Parallel()
	for _, push := range []bool{false, true} {
		// With push no Status-Server is answered either.
		s, cfg := startTLS(t, fakeradius.Options{Status: !push, Users: map[string]fakeradius.User{
			"alice": {Password: password, Delay: 7 * tick}, "bob": {Password: password}}}, nil)
		cfg.Timeout, cfg.Retries, cfg.Push = 3*tick, 9, push
		b := backend(t, cfg)
		connected(t, b)
		before := len(s.Requests())
		letIn(t, b)
		if n := len(s.Requests()) - before; n != 1 {
			t.Errorf("push %v: %d requests", push, n)
		}
	}
}

// What a server may have seen is not sent again where that could ring a phone
// twice, spend a code or answer a question twice; elsewhere it is, once.
func TestRequestIsRepeatedOnlyWhereThatIsSafe(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Config, *primary.Request)
		answer *pending // nil: it is the first question
		again  bool
	}{
		"password": {func(*Config, *primary.Request) {}, nil, true},
		"push":     {func(c *Config, _ *primary.Request) { c.Push = true }, nil, false},
		"code": {func(c *Config, r *primary.Request) {
			c.PasswordFormat, r.Code = "{password}{code}", login("", "123456").Password
		}, nil, false},
		"format without a code": {func(c *Config, _ *primary.Request) { c.PasswordFormat = "{password}{code}" }, nil, false}, // it may be in the password
		"answer":                {func(*Config, *primary.Request) {}, &pending{state: []byte("s")}, false},
		"answer without State":  {func(*Config, *primary.Request) {}, &pending{}, false},
		"one-time password":     {func(*Config, *primary.Request) {}, nil, false},
	} {
		s, cfg := startTLS(t, fakeradius.Options{Users: map[string]fakeradius.User{
			"alice": {Password: password}, "bob": {Answers: []fakeradius.Kind{fakeradius.Hangup}},
		}}, nil)
		req := login("bob", password)
		c.change(&cfg, req)
		b := backend(t, cfg)
		if name == "one-time password" {
			b.SpendPasswords()
		}
		letIn(t, b) // the connection was good before
		var err error
		if c.answer != nil {
			c.answer.server, c.answer.username = b.servers[0], "bob"
			_, err = b.AnswerChallenge(t.Context(), req, c.answer.encode())
		} else {
			_, err = b.CheckPassword(t.Context(), req)
		}
		want := 2
		if c.again {
			want = 3
		}
		if n := len(s.Requests()); n != want || err == nil || decided(err) {
			t.Errorf("%s: %d requests, %v", name, n, err)
		}
		if _, once := errors.AsType[*primary.OnceError](err); once != cfg.Push {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// UDP and TLS stand in one list, with one memory of who is out.
func TestServersOfBothKinds(t *testing.T) {
	server, trust, err := fakeldap.NewCertificate("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	s, cfg := startWith(t, fakeradius.Options{}, server, trust)
	udp := start(t, fakeradius.Options{})
	cfg.SecretFile = config(t).SecretFile
	gone, _ := startWith(t, fakeradius.Options{}, server, trust)
	gone.Close()
	cfg.Servers = []string{"radsec://" + gone.Addr(), dead(t), udp.Addr(), cfg.Servers[0]}
	b := backend(t, cfg)
	letIn(t, b)
	if !b.health.isDown("radsec://" + gone.Addr()) {
		t.Error("the server that is gone is not known to be")
	}
	udp.Close()
	letIn(t, b)
	if n := len(s.Requests()); n != 1 {
		t.Errorf("%d requests over TLS", n)
	}
	back, _ := startWith(t, fakeradius.Options{Addr: gone.Addr(), Status: true}, server, trust)
	b.probe("radsec://" + gone.Addr())
	if b.health.isDown("radsec://"+gone.Addr()) || len(back.Probes()) != 1 {
		t.Errorf("still down after %d probes", len(back.Probes()))
	}
}

func TestContextEndsTheWaitOverTLS(t *testing.T) {
	t.Parallel()
	s, cfg := startTLS(t, fakeradius.Options{Answers: silent}, nil)
	cfg.Timeout = 20 * time.Second
	b := backend(t, cfg)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		eventually(t, "the server is asked", func() bool { return len(s.Requests()) > 0 })
		cancel()
	}()
	began := time.Now()
	id, err := b.CheckPassword(ctx, login("alice", password))
	outage(t, id, err)
	if took := time.Since(began); took > 100*tick || !errors.Is(err, ctx.Err()) {
		t.Errorf("%v after %v", err, took)
	}
}

// Nothing is left behind by connections that end, whoever ends them.
func TestConnectionsLeaveNothingBehind(t *testing.T) {
	before := runtime.NumGoroutine()
	s, cfg := startTLS(t, fakeradius.Options{Answers: silent, Status: true}, nil)
	cfg.Timeout = tick
	idle := linkWith(t, cfg, tick)
	id, err := idle.CheckPassword(t.Context(), login("alice", password))
	outage(t, id, err)
	eventually(t, "the idle connection is closed", func() bool { return idle.links[idle.servers[0]].Open() == 0 })
	id, err = backend(t, cfg).CheckPassword(t.Context(), login("alice", password))
	outage(t, id, err)
	s.Close()
	var stacks string
	eventually(t, "every goroutine is gone", func() bool {
		buf := make([]byte, 1<<16)
		stacks = string(buf[:runtime.Stack(buf, true)])
		return runtime.NumGoroutine() <= before && !strings.Contains(stacks, "radsec.(*conn)")
	})
}
