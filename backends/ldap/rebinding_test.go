package ldap

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ovpn-verify/backends/backendtest/fakeldap"
	"ovpn-verify/verify/primary"
	"ovpn-verify/verify/secret"
)

// waits tells how many connections wait.
func (w *waiting) waits() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.count()
}

// settled waits until no login and no trial has a place to bind.
func settled(t *testing.T, b *Backend) {
	t.Helper()
	for deadline := time.Now().Add(slack); len(b.pool.binding) > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("a place to bind is not left")
		}
	}
}

// rebindable is the example directory, which tells who is bound, with more users.
func rebindable() fakeldap.Options {
	o := fakeldap.Example()
	o.WhoAmI = true
	for i := range 2 * mostIdleToBind {
		name := fmt.Sprintf("user%d", i)
		o.Entries = append(o.Entries, fakeldap.Entry{
			DN: "uid=" + name + ",ou=people,dc=example,dc=org", Password: fakeldap.ExampleUserPassword,
			Attributes: map[string][]string{"uid": {name}},
		})
	}
	return o
}

// user logs in whose connection may be one on which ada was bound.
func user(t *testing.T, b *Backend, i int) (primary.Identity, error) {
	t.Helper()
	return login(t, b, fmt.Sprintf("user%d", i), fakeldap.ExampleUserPassword)
}

// tried is a backend whose directory has let one user in and was tried.
func tried(t *testing.T, o fakeldap.Options) (*fakeldap.Server, *Backend) {
	t.Helper()
	s := start(t, o)
	c := exampleConfig(t, s)
	c.Timeout = impatience
	b := newBackend(t, c)
	if id, err := ada(t, b); outcomeOf(t, id, err) != accepted {
		t.Fatal(err)
	}
	settled(t, b)
	return s, b
}

// shown is tried where a connection waits then for the next login.
func shown(t *testing.T, o fakeldap.Options) (*fakeldap.Server, *Backend) {
	t.Helper()
	s, b := tried(t, o)
	if n := b.pool.binders.waits(); n != 1 {
		t.Fatalf("%d connections wait", n)
	}
	return s, b
}

// usersBinds is how often a user's password was asked about.
func usersBinds(s *fakeldap.Server) int {
	return len(except(s.Counts().Binds, fakeldap.ExampleServiceDN))
}

func TestConnectionsAreBoundAgain(t *testing.T) {
	t.Parallel()
	s, b := shown(t, rebindable())
	before := s.Counts().Connections
	for i := range 5 {
		if id, err := user(t, b, i); outcomeOf(t, id, err) != accepted {
			t.Fatal(err)
		}
	}
	n := s.Counts()
	if n.Connections != before || usersBinds(s) != 6 || countOf(n.Binds, fakeldap.ExampleServiceDN) != 3 {
		t.Errorf("%d connections before, then %+v", before, n)
	}
}

func TestConnectionsAreBoundAgainInTLS(t *testing.T) {
	t.Parallel()
	certificate, pem := newCertificate(t)
	for name, ldaps := range map[string]bool{"LDAPS": true, "StartTLS": false} {
		o := rebindable()
		o.TLS, o.LDAPS = certificate, ldaps
		s := start(t, o)
		c := exampleConfig(t, s)
		c.StartTLS, c.CAFile = !ldaps, writeFile(t, "ca.pem", pem)
		b := newBackend(t, c)
		for i := range 5 {
			if id, err := user(t, b, i); outcomeOf(t, id, err) != accepted {
				t.Fatal(err)
			}
			settled(t, b)
		}
		if n := s.Counts(); n.Connections != 2 || usersBinds(s) != 5 {
			t.Errorf("%s: %+v", name, n)
		}
	}
}

// A server that will not have it, or does not do it, decides as if each bind were its first.
func TestWhoDoesNotTakeASecondBindIsNotSentOne(t *testing.T) {
	t.Parallel()
	as := func(change func(*fakeldap.Options)) fakeldap.Options {
		o := rebindable()
		change(&o)
		return o
	}
	for name, o := range map[string]fakeldap.Options{
		"as for a wrong password": as(func(o *fakeldap.Options) { o.SecondBind.Code = 49 }),
		"unwilling to":            as(func(o *fakeldap.Options) { o.SecondBind.Code = 53 }),
		"closes":                  as(func(o *fakeldap.Options) { o.SecondBind.Manner = fakeldap.Close }),
		"silent":                  as(func(o *fakeldap.Options) { o.SecondBind.Manner = fakeldap.Silent }),
		"does not look":           as(func(o *fakeldap.Options) { o.Sticky = true }),
		"does not say who":        as(func(o *fakeldap.Options) { o.WhoAmI = false }),
		"silent about who": as(func(o *fakeldap.Options) {
			o.Faults = map[fakeldap.Step]fakeldap.Fault{fakeldap.WhoAmI: {Manner: fakeldap.Silent}}
		}),
		"says who twice": as(func(o *fakeldap.Options) {
			o.Faults = map[fakeldap.Step]fakeldap.Fault{fakeldap.WhoAmI: {Manner: fakeldap.Twice}}
		}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, b := tried(t, o)
			for password, want := range map[string]outcome{fakeldap.ExampleUserPassword: accepted, "wrong horse": refused} {
				id, err := login(t, b, "ada", password)
				if outcomeOf(t, id, err) != want {
					t.Errorf("%q: %v", password, err)
				}
				settled(t, b)
			}
			if n := usersBinds(s); n != 3 || b.pool.binders.waits() > 0 {
				t.Errorf("%d binds, %d connections wait", n, b.pool.binders.waits())
			}
		})
	}
}

// Without a service account nobody can try.
func TestNoSecondBindWithoutAnAccount(t *testing.T) {
	t.Parallel()
	o := rebindable()
	o.ServiceDN = ""
	s := start(t, o)
	c := exampleConfig(t, s)
	c.BindDN, c.BindPasswordFile = "", ""
	b := newBackend(t, c)
	for range 2 {
		if id, err := ada(t, b); outcomeOf(t, id, err) != accepted {
			t.Fatal(err)
		}
		settled(t, b)
	}
	if n := s.Counts(); n.Connections != 3 || len(n.Binds) != 2 {
		t.Errorf("%+v", n)
	}
}

// The directory counts wrong passwords, and one login is one of them.
func TestAVerdictOnAUsedConnectionIsFinal(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]fakeldap.Fault{
		"wrong":                    {Code: 49},
		"unwilling to":             {Code: 53},
		"right, but to be changed": controls(0, policyError(2)),
	} {
		s, b := shown(t, rebindable())
		s.Misbehave(fakeldap.UserBind, fault)
		if id, err := user(t, b, 0); outcomeOf(t, id, err) != refused {
			t.Errorf("%s: %v", name, err)
		}
		if n := usersBinds(s); n != 2 {
			t.Errorf("%s: %d binds", name, n)
		}
	}
}

// What stands behind the server's name may be another one after a while. One login has
// the harm, and when it is the same one after all, its connections are used again.
func TestARefusalMayBeOfTheSecondBind(t *testing.T) {
	t.Parallel()
	for _, fault := range []fakeldap.Fault{{Code: 49}, {Code: 53}, {Code: 51}, {Code: 1}} {
		s, b := shown(t, rebindable())
		s.Misbehave(fakeldap.UserBind, fault)
		if id, err := user(t, b, 0); outcomeOf(t, id, err) == accepted {
			t.Error(err)
		}
		s.Misbehave(fakeldap.UserBind, fakeldap.Fault{})
		for i := range 4 {
			if id, err := user(t, b, i); outcomeOf(t, id, err) != accepted {
				t.Error(err)
			}
			settled(t, b)
			if n := b.pool.binders.waits(); n > 0 {
				t.Errorf("%d connections wait", n)
			}
		}
		b.rebinding.every = 0
		b.rebinding.stop(s.URL())
		if id, err := user(t, b, 0); outcomeOf(t, id, err) != accepted {
			t.Error(err)
		}
		settled(t, b)
		if n := b.pool.binders.waits(); n != 1 {
			t.Errorf("%d connections wait after a while", n)
		}
	}
}

// A trial that something has come between shows nothing.
func TestWhatComesBetweenCounts(t *testing.T) {
	t.Parallel()
	r := newRebinding()
	if !r.toTry("a") || r.toTry("a") {
		t.Error("one tries at a time")
	}
	began := time.Now()
	time.Sleep(time.Millisecond)
	r.stop("a")
	if r.shows("a", began); r.shown("a") {
		t.Error("it is shown by what was before")
	}
	if r.shows("a", time.Now()); !r.shown("a") {
		t.Error("it is not shown")
	}
}

// A server that has the user there already might not look: nor at another spelling, nor
// at the service account, which the trial has bound.
func TestNobodyIsBoundWhereHeWas(t *testing.T) {
	t.Parallel()
	for _, dn := range []string{fakeldap.ExampleUserDN, strings.ToUpper(fakeldap.ExampleUserDN), strings.ReplaceAll(fakeldap.ExampleUserDN, ",", ", "), fakeldap.ExampleServiceDN} {
		s, b := shown(t, rebindable())
		before := s.Counts().Connections
		if err := b.prove(t.Context(), &b.endpoints[0], &found{dn: dn, user: userKey(dn)}, secret.FromString("wrong horse")); !errors.Is(err, primary.ErrRefused) {
			t.Error(err)
		}
		if n := s.Counts().Connections; n != before+1 {
			t.Errorf("%s: %d connections before, then %d", dn, before, n)
		}
	}
}

// A trial leaves room for logins.
func TestATrialDoesNotTakeTheOnlyPlace(t *testing.T) {
	t.Parallel()
	o := rebindable()
	o.Faults = map[fakeldap.Step]fakeldap.Fault{fakeldap.WhoAmI: {Manner: fakeldap.Silent}}
	s := start(t, o)
	b := newBackend(t, exampleConfig(t, s))
	b.LimitConnections(2)
	for i := range 2 {
		if id, err := user(t, b, i); outcomeOf(t, id, err) != accepted {
			t.Error(err)
		}
	}
	if n := len(b.pool.binding); n != 0 {
		t.Errorf("%d places are taken", n)
	}
}

// Nor is a server asked again that says that it is busy.
func TestAnOutageOnAUsedConnectionIsTold(t *testing.T) {
	t.Parallel()
	s, b := shown(t, rebindable())
	s.Misbehave(fakeldap.UserBind, fakeldap.Fault{Code: 51})
	if id, err := user(t, b, 0); outcomeOf(t, id, err) != down || usersBinds(s) != 2 {
		t.Errorf("%v, %d binds", err, usersBinds(s))
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
		s, b := shown(t, rebindable())
		s.Misbehave(fakeldap.UserBind, fakeldap.Fault{Manner: manner})
		began := time.Now()
		id, err := user(t, b, 0)
		if got := outcomeOf(t, id, err); got != down || time.Since(began) > impatience+slack {
			t.Errorf("%s: %s after %v, %v", manner, got, time.Since(began), err)
		}
		if n := b.pool.binders.waits(); n != 0 || b.rebinding.shown(s.URL()) {
			t.Errorf("%s: %d connections wait, another bind: %v", manner, n, b.rebinding.shown(s.URL()))
		}
		if n := usersBinds(s); n > 2 && !slices.Contains([]fakeldap.Manner{fakeldap.Close, fakeldap.Goodbye}, manner) {
			t.Errorf("%s: the password was asked about %d times", manner, n-1)
		}
		s.Misbehave(fakeldap.UserBind, fakeldap.Fault{})
		if id, err := user(t, b, 1); outcomeOf(t, id, err) != accepted {
			t.Errorf("%s, after it: %v", manner, err)
		}
	}
}

// A connection that went down unnoticed costs nobody a login, and it is the last one that
// anybody is bound on again.
func TestAUsedConnectionThatIsClosedInsteadOfAnAnswerIsReplaced(t *testing.T) {
	t.Parallel()
	s, b := shown(t, rebindable())
	s.Misbehave(fakeldap.UserBind, fakeldap.Fault{Manner: fakeldap.Close, Delay: impatience / 4})
	time.AfterFunc(impatience/8, func() { s.Misbehave(fakeldap.UserBind, fakeldap.Fault{}) })
	if id, err := user(t, b, 0); outcomeOf(t, id, err) != accepted {
		t.Error(err)
	}
	settled(t, b)
	if b.pool.binders.waits() != 0 || usersBinds(s) != 3 {
		t.Errorf("%d wait, %d binds", b.pool.binders.waits(), usersBinds(s))
	}
}

// A server that restarts may be another one then.
func TestAConnectionThatWasClosedIsNotUsed(t *testing.T) {
	t.Parallel()
	s, b := shown(t, rebindable())
	s.Drop()
	time.Sleep(20 * time.Millisecond)
	for i := range 2 {
		if id, err := user(t, b, i); outcomeOf(t, id, err) != accepted {
			t.Error(err)
		}
		settled(t, b)
	}
	if n := b.pool.binders.waits(); n != 0 || usersBinds(s) != 3 {
		t.Errorf("%d wait, %d binds", n, usersBinds(s))
	}
}

func TestFewConnectionsWaitForBinds(t *testing.T) {
	t.Parallel()
	s := start(t, rebindable())
	b := newBackend(t, exampleConfig(t, s))
	b.LimitConnections(4 * mostIdleToBind)
	if id, err := ada(t, b); outcomeOf(t, id, err) != accepted {
		t.Fatal(err)
	}
	settled(t, b)
	s.Misbehave(fakeldap.UserBind, fakeldap.Fault{Delay: 50 * time.Millisecond})
	var wg sync.WaitGroup
	for i := range 2 * mostIdleToBind {
		wg.Go(func() {
			if id, err := user(t, b, i); outcomeOf(t, id, err) != accepted {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := b.pool.binders.waits(); n > mostIdleToBind || n == 0 {
		t.Errorf("%d wait", n)
	}
	b.pool.binders.drop(b.endpoints[0].url)
	if n := b.pool.binders.waits(); n != 0 {
		t.Errorf("%d wait after they were dropped", n)
	}
}
