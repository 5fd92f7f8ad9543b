package radius

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ovpn-verify/backends/backendtest/fakeradius"
	"ovpn-verify/verify/primary"
)

// RFC 2865 section 3: the same packet from the same port, so that the server
// sees a duplicate and does not ask the user's token twice.
func TestRetransmissionIsTheSamePacket(t *testing.T) {
	s := start(t, fakeradius.Options{Drop: 2})
	cfg := impatient(t, s.Addr())
	cfg.Retries = 2
	if _, err := backend(t, cfg).CheckPassword(t.Context(), login("alice", password)); err != nil {
		t.Fatal(err)
	}
	reqs := s.Requests()
	if len(reqs) != 3 {
		t.Fatalf("%d requests", len(reqs))
	}
	for _, req := range reqs[1:] {
		if !bytes.Equal(req.Raw, reqs[0].Raw) || req.From != reqs[0].From {
			t.Errorf("retransmission %x from %v; first %x from %v", req.Raw, req.From, reqs[0].Raw, reqs[0].From)
		}
	}
}

// A late answer to the first try is an answer to the second as well.
func TestAnswerSlowerThanOneTry(t *testing.T) {
	s := start(t, fakeradius.Options{Delay: tick * 3 / 2})
	if _, err := backend(t, impatient(t, s.Addr())).CheckPassword(t.Context(), login("alice", password)); err != nil {
		t.Fatal(err)
	}
}

func TestNextServerWhenOneIsOut(t *testing.T) {
	good := start(t, fakeradius.Options{})
	silent := start(t, fakeradius.Options{Answers: []fakeradius.Kind{fakeradius.Silent}})
	forged := start(t, fakeradius.Options{AcceptAll: true, Answers: []fakeradius.Kind{fakeradius.NoMessageAuthenticator}})
	for name, c := range map[string]struct {
		first   string
		timeout time.Duration
		within  time.Duration
	}{
		"dead port":     {dead(t), 20 * tick, 10 * tick},
		"silent":        {silent.Addr(), tick, 10 * tick},
		"wrong answers": {forged.Addr(), tick, 10 * tick},
		"no way there":  {"[fe80::1%nosuchlink]:1812", 20 * tick, 10 * tick},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := config(t, c.first, good.Addr())
			cfg.Timeout = c.timeout
			b := backend(t, cfg)
			began := time.Now()
			if _, err := b.CheckPassword(t.Context(), login("alice", password)); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(began); took > c.within {
				t.Errorf("took %v, more than %v", took, c.within)
			}
			if _, err := b.CheckPassword(t.Context(), login("alice", "wrong")); !errors.Is(err, primary.ErrRefused) {
				t.Errorf("%v; want a refusal", err)
			}
		})
	}
	if n := len(silent.Requests()); n != 2 {
		t.Errorf("the silent server got %d packets, not those of the first login alone", n)
	}
}

func TestEveryServerOutNamesEach(t *testing.T) {
	t.Parallel()
	silent := start(t, fakeradius.Options{Answers: []fakeradius.Kind{fakeradius.Silent}}).Addr()
	none := dead(t)
	id, err := backend(t, impatient(t, none, silent)).CheckPassword(t.Context(), login("alice", password))
	outage(t, id, err)
	for _, want := range []string{"radius: server " + none + ": ", "connection refused; ", "radius: server " + silent + ": no answer in 2"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q lacks %q", err, want)
		}
	}
}

// A refusal is final: a second server that would accept is not asked.
func TestRefusalEndsTheSearch(t *testing.T) {
	strict := start(t, fakeradius.Options{})
	lax := start(t, fakeradius.Options{AcceptAll: true})
	b := backend(t, config(t, strict.Addr(), lax.Addr()))
	if _, err := b.CheckPassword(t.Context(), login("alice", "wrong")); !errors.Is(err, primary.ErrRefused) {
		t.Fatalf("%v; want a refusal", err)
	}
	if n := len(lax.Requests()); n != 0 {
		t.Errorf("the second server got %d requests", n)
	}
}

func TestContextEndsTheWait(t *testing.T) {
	t.Parallel()
	s := start(t, fakeradius.Options{Answers: []fakeradius.Kind{fakeradius.Silent}})
	second := start(t, fakeradius.Options{AcceptAll: true})
	cfg := config(t, s.Addr(), second.Addr())
	cfg.Timeout = 20 * time.Second
	b := backend(t, cfg)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(tick, cancel)
	began := time.Now()
	id, err := b.CheckPassword(ctx, login("alice", password))
	outage(t, id, err)
	if took := time.Since(began); took > 5*tick || !errors.Is(err, ctx.Err()) {
		t.Errorf("%v after %v", err, took)
	}
	if n := len(second.Requests()); n != 0 {
		t.Errorf("the next server was asked %d times after the end", n)
	}
}

// However long the timeout is, each server gets its share of the login's time.
func TestServersShareTheDeadline(t *testing.T) {
	t.Parallel()
	silent := fakeradius.Options{Answers: []fakeradius.Kind{fakeradius.Silent}}
	servers := []string{start(t, silent).Addr(), start(t, silent).Addr(), start(t, fakeradius.Options{}).Addr()}
	var wg sync.WaitGroup
	for n, want := range map[int]string{3: "", 2: "given up: context deadline exceeded; radius: server " + servers[1] + ": given up"} {
		cfg := config(t, servers[:n]...)
		cfg.Timeout = 20 * time.Second
		b := backend(t, cfg)
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 12*tick)
			defer cancel()
			_, err := b.CheckPassword(ctx, login("alice", password))
			if ctx.Err() != nil || (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("%d servers: %v; the login's context: %v", n, err, ctx.Err())
			}
		})
	}
	wg.Wait()
}

// Each request has an Identifier, an Authenticator and a port of its own.
func TestRequestsDiffer(t *testing.T) {
	s := start(t, fakeradius.Options{})
	b := backend(t, config(t, s.Addr()))
	for range 20 {
		if _, err := b.CheckPassword(t.Context(), login("alice", password)); err != nil {
			t.Fatal(err)
		}
	}
	ids, auths, ports := map[byte]bool{}, map[string]bool{}, map[uint16]bool{}
	for _, req := range s.Requests() {
		ids[req.Identifier], auths[string(req.Raw[4:20])], ports[req.From.Port()] = true, true, true
	}
	if len(ids) < 10 || len(auths) != 20 || len(ports) < 10 {
		t.Errorf("20 requests had %d identifiers, %d authenticators, %d ports", len(ids), len(auths), len(ports))
	}
}

// Whoever fills the socket with packets does not keep the login from ending.
func TestFloodDoesNotOutlastTheTry(t *testing.T) {
	flood := slices.Repeat([]fakeradius.Kind{fakeradius.WrongMessageAuthenticator, fakeradius.Garbage}, 50_000)
	s := start(t, fakeradius.Options{AcceptAll: true, Answers: flood})
	b := backend(t, impatient(t, s.Addr()))
	began := time.Now()
	id, err := b.CheckPassword(t.Context(), login("alice", password))
	outage(t, id, err)
	if took := time.Since(began); took > 10*tick {
		t.Errorf("took %v", took)
	}
}

// A name may have an address where nobody is; the login goes to the next one.
func TestNextAddressOfAServer(t *testing.T) {
	s := start(t, fakeradius.Options{})
	_, port, err := net.SplitHostPort(s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	cfg := config(t, "radius.example.org:"+port)
	cfg.Push = true // nobody was asked at the first one
	b := backend(t, cfg)
	addresses := []netip.Addr{netip.MustParseAddr("127.0.0.2"), netip.MustParseAddr("127.0.0.1")}
	b.lookUp = func(context.Context, string, string) ([]netip.Addr, error) { return addresses, nil }
	for range 2 {
		if _, err := b.CheckPassword(t.Context(), login("alice", password)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.CheckPassword(t.Context(), login("alice", "wrong")); !errors.Is(err, primary.ErrRefused) {
		t.Errorf("%v; want a refusal", err)
	}
	b.lookUp = func(context.Context, string, string) ([]netip.Addr, error) { return addresses[:1], nil }
	id, err := b.CheckPassword(t.Context(), login("alice", password))
	outage(t, id, err)
	if _, once := errors.AsType[*primary.OnceError](err); once {
		t.Error(err)
	}
	if n := len(s.Requests()); n != 3 {
		t.Errorf("%d requests", n)
	}
}
