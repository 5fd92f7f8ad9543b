package radius

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"ovpn-verify/backends/backendtest/fakeradius"
	"ovpn-verify/verify/primary"
)

var silent = []fakeradius.Kind{fakeradius.Silent}

func TestOrderOfServers(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	all := []string{"a", "b", "c"}
	h := newHealth()
	for _, server := range []string{"a", "b"} {
		if !h.silent(server, now) || h.silent(server, now) {
			t.Errorf("%s is not probed once", server)
		}
	}
	for _, c := range []struct {
		after       time.Duration
		answered    string
		order, asks string
	}{
		{0, "", "c a b", ""},
		{probePause - 1, "", "c a b", ""},
		{probePause, "", "c a b", "a b"},
		{2*probePause - 1, "", "c a b", ""},
		{2 * probePause, "b", "b c a", "a"},
		{restTime - 1, "", "b c a", "a"},
		{restTime, "", "a b c", ""},
	} {
		h.answered(c.answered)
		order, asks := h.order(all, now.Add(c.after))
		if strings.Join(order, " ") != c.order || strings.Join(asks, " ") != c.asks {
			t.Errorf("after %v: order %v, probes %v; want %s, %s", c.after, order, asks, c.order, c.asks)
		}
	}
	if !slices.Equal(all, []string{"a", "b", "c"}) {
		t.Errorf("the configuration became %v", all)
	}
}

// Of three servers the first is silent and the second refuses: the first login
// pays for it, the next one does not.
func TestSilentServerCostsOneLoginItsTimeout(t *testing.T) {
	first, third := start(t, fakeradius.Options{Answers: silent}), start(t, fakeradius.Options{})
	cfg := impatient(t, first.Addr(), dead(t), third.Addr())
	b := backend(t, cfg)
	for i, most := range []time.Duration{2*cfg.Timeout + tick, tick, tick} {
		began := time.Now()
		if _, err := b.CheckPassword(t.Context(), login("alice", password)); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took > most {
			t.Errorf("login %d took %v, more than %v", i+1, took, most)
		}
	}
}

// Where nobody else answers, a server that was down is asked all the same.
func TestEveryServerDownIsAskedAgain(t *testing.T) {
	t.Parallel()
	s := start(t, fakeradius.Options{Drop: 2})
	b := backend(t, impatient(t, s.Addr(), dead(t)))
	id, err := b.CheckPassword(t.Context(), login("alice", password))
	outage(t, id, err)
	if _, err := b.CheckPassword(t.Context(), login("alice", password)); err != nil {
		t.Error(err)
	}
}

// eventually waits for something that happens in the background.
func eventually(t *testing.T, what string, happened func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * tick); !happened(); time.Sleep(tick / 20) {
		if time.Now().After(deadline) {
			t.Fatalf("never happened: %s", what)
		}
	}
}

func (h *health) isDown(server string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.down[server] != nil
}

// A server that left this one request without an answer is there, and says so.
func TestStatusServerBringsAServerBack(t *testing.T) {
	t.Parallel()
	alive, second := start(t, fakeradius.Options{Answers: silent, Status: true}), start(t, fakeradius.Options{})
	b := backend(t, impatient(t, alive.Addr(), second.Addr()))
	if _, err := b.CheckPassword(t.Context(), login("alice", password)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the server is back", func() bool { return !b.health.isDown(alive.Addr()) })
	probes := alive.Probes()
	if len(probes) != 1 || !probes[0].Valid || probes[0].Raw[20] != 80 || probes[0].Username != "" {
		t.Errorf("probes %+v", probes)
	}
}

// A login with next to no time left says nothing about the servers.
func TestLateLoginDoesNotMakeAServerSilent(t *testing.T) {
	s, second := start(t, fakeradius.Options{Delay: tick}), start(t, fakeradius.Options{Delay: tick})
	b := backend(t, config(t, s.Addr(), second.Addr()))
	ctx, cancel := context.WithTimeout(t.Context(), tick/2)
	defer cancel()
	id, err := b.CheckPassword(ctx, login("alice", password))
	outage(t, id, err)
	if b.health.isDown(s.Addr()) || b.health.isDown(second.Addr()) {
		t.Error("a server counts as silent")
	}
}

// One server alone has no order, and is not probed.
func TestOnlyServerIsNotProbed(t *testing.T) {
	t.Parallel()
	s := start(t, fakeradius.Options{Answers: silent, Status: true})
	b := backend(t, impatient(t, s.Addr()))
	id, err := b.CheckPassword(t.Context(), login("alice", password))
	outage(t, id, err)
	if b.health.isDown(s.Addr()) || len(s.Probes()) != 0 {
		t.Errorf("down %v after %d probes", b.health.isDown(s.Addr()), len(s.Probes()))
	}
}

// A probe is as hard to answer for a stranger as a login is.
func TestProbeAnsweredByAStrangerCountsForNothing(t *testing.T) {
	t.Parallel()
	s := start(t, fakeradius.Options{Answers: silent, Status: true})
	b := backend(t, impatient(t, s.Addr()))
	b.secret = login("", "another secret").Password
	b.health.silent(s.Addr(), time.Now())
	b.probe(s.Addr())
	if !b.health.isDown(s.Addr()) || len(s.Probes()) != 1 {
		t.Errorf("up after %d probes with another secret", len(s.Probes()))
	}
}

// A server that comes back is probed by later logins and then asked first.
func TestServerThatComesBackIsFirstAgain(t *testing.T) {
	address := dead(t)
	second := start(t, fakeradius.Options{})
	b := backend(t, config(t, address, second.Addr()))
	b.health.pause = 0
	if _, err := b.CheckPassword(t.Context(), login("alice", password)); err != nil {
		t.Fatal(err)
	}
	back := start(t, fakeradius.Options{Addr: address, Status: true})
	eventually(t, "a login at the server that is back", func() bool {
		if _, err := b.CheckPassword(t.Context(), login("alice", password)); err != nil {
			t.Fatal(err)
		}
		return len(back.Requests()) > 0
	})
}

// After a server may have asked the user, no other one does, and the same packet
// may go to it again; one that cannot have got the request is passed over.
func TestOnePushForEachLogin(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		first fakeradius.Options
		dead  bool
		next  bool // whether the next server is asked
	}{
		"silent":       {first: fakeradius.Options{Answers: silent}},
		"unbelievable": {first: fakeradius.Options{AcceptAll: true, Answers: []fakeradius.Kind{fakeradius.NoMessageAuthenticator}}},
		"voided": {first: fakeradius.Options{Users: map[string]fakeradius.User{
			"alice": {Password: password, Accept: broken}}}},
		"not there": {dead: true, next: true},
	} {
		s, second := start(t, c.first), start(t, fakeradius.Options{})
		if c.dead {
			s.Close()
		}
		cfg := impatient(t, s.Addr(), second.Addr())
		cfg.Push = true
		_, err := backend(t, cfg).CheckPassword(t.Context(), login("alice", password))
		if asked := len(second.Requests()) > 0; asked != c.next || (err == nil) != c.next {
			t.Errorf("%s: the next server was asked: %v, error %v", name, asked, err)
		}
		if err != nil && (errors.Is(err, primary.ErrRefused) || !strings.Contains(err.Error(), "radius.push")) {
			t.Errorf("%s: %v", name, err)
		}
		if _, once := errors.AsType[*primary.OnceError](err); once == c.next {
			t.Errorf("%s: the client may not try again by itself: %v", name, once)
		}
		if n := len(s.Requests()); n > 1 && string(s.Requests()[0].Raw) != string(s.Requests()[n-1].Raw) {
			t.Errorf("%s: two requests in place of one that is repeated", name)
		}
	}
}

// A user who takes long over the phone has the whole login's time.
func TestPushHasTheWholeDeadline(t *testing.T) {
	t.Parallel()
	cfg := config(t, start(t, fakeradius.Options{Delay: 6 * tick}).Addr(), start(t, fakeradius.Options{}).Addr())
	cfg.Timeout, cfg.Push = 20*time.Second, true
	ctx, cancel := context.WithTimeout(t.Context(), 10*tick)
	defer cancel()
	if _, err := backend(t, cfg).CheckPassword(ctx, login("alice", password)); err != nil {
		t.Error(err)
	}
}

// The server got the request and then went away, so that its port is closed for
// the second try.
func TestServerThatDiesAfterTheRequestMayHavePushed(t *testing.T) {
	t.Parallel()
	s, second := start(t, fakeradius.Options{Answers: silent}), start(t, fakeradius.Options{})
	cfg := impatient(t, s.Addr(), second.Addr())
	cfg.Push = true
	b := backend(t, cfg)
	var closed atomic.Bool
	time.AfterFunc(tick/2, func() { s.Close(); closed.Store(true) })
	id, err := b.CheckPassword(t.Context(), login("alice", password))
	outage(t, id, err)
	if _, once := errors.AsType[*primary.OnceError](err); !once {
		t.Errorf("the client would try again by itself: %v", err)
	}
	if n := len(second.Requests()); n != 0 || !closed.Load() {
		t.Errorf("the next server was asked %d times: %v", n, err)
	}
}
