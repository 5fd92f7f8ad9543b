package verify

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ovpn-verify/verify/primary"
	"ovpn-verify/verify/secret"
	"ovpn-verify/verify/state"
	"ovpn-verify/verify/turns"
)

// A worker that dies forgets what it had not settled, so that the first of several
// logins that are one guess may not be told of a failure before that is.
func TestSharedFailureIsDueBeforeTheFirstIsTold(t *testing.T) {
	u := &underWay{attempts: map[[sha256.Size]byte]*sharedAttempt{}}
	key := (&Login{Username: "ada"}).sharedKey()
	var s *sharedAttempt
	for range 3 {
		var err error
		if s, _, err = u.join(t.Context(), key, func(string) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	user := state.Counter{Kind: state.CountUser, Name: "ada", Most: 3}
	address := state.Counter{Kind: state.CountAddress, Name: "192.0.2.7", Most: 30}
	failed, void := state.Ended{Counter: user, Outcome: state.Failed}, state.Ended{Counter: address, Outcome: state.Void}
	cleared := state.Ended{Counter: user, Outcome: state.Cleared}

	due, _ := u.leave(s, []state.Ended{failed, void})
	if !slices.Equal(due, []state.Ended{failed}) {
		t.Errorf("with the first is due: %+v", due)
	}
	if again, _ := u.leave(s, []state.Ended{failed, void}); !slices.Equal(again, due) {
		t.Errorf("the first could not be written, and then is due: %+v", again)
	}
	u.settled(s, due)
	if atLast, last := u.leave(s, []state.Ended{cleared, void}); !last || !slices.Equal(atLast, []state.Ended{void}) {
		t.Errorf("with the last is due: %+v", atLast)
	}
}

// panicking is a backend with a fault that the first login meets.
type panicking struct {
	asked        atomic.Int32
	inside, goOn chan struct{}
}

func (b *panicking) CheckPassword(_ context.Context, req *primary.Request) (primary.Identity, error) {
	if b.asked.Add(1) == 1 {
		close(b.inside)
		<-b.goOn
		panic("a fault")
	}
	return primary.Identity{Name: req.Username}, nil
}

func TestAPanicEndsOneLoginOfSeveral(t *testing.T) {
	backend := &panicking{inside: make(chan struct{}), goOn: make(chan struct{})}
	f := newFixture(t, func(p *Pipeline) {
		passwordOnly(p)
		p.Backend = backend
	})
	f.Limits.Failures = 1
	var first sync.WaitGroup
	first.Go(func() {
		defer func() { _ = recover() }()
		f.login("ada", "right")
	})
	<-backend.inside
	second := make(chan Decision)
	go func() { second <- f.login("ada", "right") }()
	for f.loginsUnderWay() < 2 {
		time.Sleep(time.Millisecond)
	}
	close(backend.goOn)
	f.want(Accepted, "", <-second)
	first.Wait()
	if n := f.loginsUnderWay(); n != 0 {
		t.Errorf("%d logins are under way for ever", n)
	}
	f.want(Accepted, "", f.login("ada", "right, and another one"))
}

// loginsUnderWay are those that are in an attempt.
func (f *fixture) loginsUnderWay() (logins int) {
	f.underWay.mu.Lock()
	defer f.underWay.mu.Unlock()
	for _, s := range f.underWay.attempts {
		logins += s.logins
	}
	return logins
}

// The second of two logins ends while the attempt is being begun, and leaves last.
func TestWhoGivesUpLastSettlesWhatTheFirstLeft(t *testing.T) {
	f := newFixture(t, passwordOnly)
	key := (&Login{Username: "ada"}).sharedKey()
	user := state.Counter{Kind: state.CountUser, Name: "ada", Most: 1, Window: time.Minute, Lockout: time.Minute}
	s, _, err := f.underWay.join(t.Context(), key, func(id string) error {
		return f.store.BeginAttempt(t.Context(), id, []state.Counter{user}, f.now, f.now.Add(time.Minute))
	})
	if err != nil {
		t.Fatal(err)
	}
	f.underWay.enter(key)
	a := &attempt{Pipeline: f.Pipeline}
	first := a.leave(t.Context(), s, []state.Ended{{Counter: user, Outcome: state.Cleared}}, nil)
	gaveUp, cancel := context.WithCancel(t.Context())
	cancel()
	if last := a.leave(gaveUp, s, nil, gaveUp.Err()); first != nil || last != gaveUp.Err() {
		t.Errorf("%v, %v", first, last)
	}
	if err := f.store.BeginAttempt(t.Context(), "another", []state.Counter{user}, f.now, f.now.Add(time.Minute)); err != nil {
		t.Errorf("the attempt is still under way: %v", err)
	}
}

// faulty is a backend with a fault that every login meets.
type faulty struct{ *accounts }

func (faulty) CheckPassword(context.Context, *primary.Request) (primary.Identity, error) {
	panic("a fault")
}

func TestPanicsInASessionDoNotLockItsPlace(t *testing.T) {
	s := newSessions(t, passwordOnly)
	s.want(Accepted, "", s.send("pw-ada"))
	good := s.Backend
	s.Backend = faulty{s.accounts}
	for range s.Limits.Failures {
		func() {
			defer func() { _ = recover() }()
			s.send("another")
		}()
	}
	s.Backend = good
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond) // they would be waited for
	defer cancel()
	l := s.client
	l.Password = secret.FromString("not hers")
	if d := s.Decide(ctx, l); d.Verdict != Refused {
		t.Errorf("%v: %v", d.Verdict, d.Cause)
	}
}

// waiting is a backend that refuses when it is told to.
type waiting struct{ inside, goOn chan struct{} }

func (b *waiting) CheckPassword(context.Context, *primary.Request) (primary.Identity, error) {
	close(b.inside)
	<-b.goOn
	return primary.Identity{}, fmt.Errorf("no such account: %w", primary.UnknownUser)
}

func TestTheRecordsOfOneGuessAreAlike(t *testing.T) {
	backend := &waiting{make(chan struct{}), make(chan struct{})}
	f := newFixture(t, func(p *Pipeline) {
		passwordOnly(p)
		p.Backend = backend
	})
	decisions := make(chan Decision)
	logIn := func() { decisions <- f.login("mallory", "guess") }
	go logIn()
	<-backend.inside
	go logIn()
	for f.loginsUnderWay() < 2 {
		time.Sleep(time.Millisecond)
	}
	close(backend.goOn)
	for range 2 {
		d := f.want(Refused, "", <-decisions)
		if d.Reason != string(primary.UnknownUser) || d.Stage != StagePassword {
			t.Errorf("%s at %s", d.Reason, d.Stage)
		}
	}
}

// faultyLocks has a fault that whoever had to wait for a turn meets.
type faultyLocks struct{ Store }

func (faultyLocks) Locked(context.Context, []state.Counter, time.Time) error { panic("a fault") }

func TestAPanicAfterTheWaitForATurnLeavesThePlace(t *testing.T) {
	f := newFixture(t, passwordOnly)
	f.Store, f.turns = faultyLocks{f.Store}, turns.New(1, 2, patience)
	if _, _, err := f.turns.Take(t.Context()); err != nil {
		t.Fatal(err)
	}
	func() {
		defer func() { _ = recover() }()
		f.login("ada", "pw-ada")
	}()
	if n := f.turns.Taken(); n != 1 {
		t.Errorf("%d places are taken for ever", n-1)
	}
}
