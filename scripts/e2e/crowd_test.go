//go:build e2e

package e2e_test

import (
	"fmt"
	"sync"
	"time"

	"ovpn-verify/scripts/testbed"
)

// crowd logs in again and again, from several clients at a time, through one
// worker; one login in four has a wrong password.
type crowd struct {
	w              *world
	user, password string
	worker         int // its pid
	stop           chan struct{}
	running        sync.WaitGroup

	mu      sync.Mutex
	seen    map[string]int
	logins  int
	slowest time.Duration
}

func (w *world) crowd(user, password string, clients int) *crowd {
	w.t.Helper()
	w.secrets = append(w.secrets, password, "not-"+password)
	c := &crowd{w: w, user: user, password: password, stop: make(chan struct{}), seen: map[string]int{}}
	c.first("the start")
	c.worker = w.oneWorker().PID
	for i := range clients {
		c.running.Go(func() { c.run(i%4 != 3, fmt.Sprintf("192.0.2.%d", 10+i)) })
	}
	w.t.Cleanup(func() { c.halt() })
	return c
}

func (c *crowd) halt() {
	select {
	case <-c.stop:
	default:
		close(c.stop)
	}
	c.running.Wait()
}

func (c *crowd) run(right bool, ip string) {
	for {
		select {
		case <-c.stop:
			return
		case <-time.After(30 * time.Millisecond):
			c.login(right, ip)
		}
	}
}

func (c *crowd) login(right bool, ip string) {
	call := testbed.Call{Username: c.user, Password: c.password, IP: ip, Window: 30 * time.Second}
	who := "right"
	if !right {
		who, call.Password = "wrong", "not-"+c.password
	}
	r, err := c.w.callInside(call)
	what, fault := "", true
	switch {
	case err != nil:
		what = err.Error()
	case r.Status != 2 || r.Verdict == 0:
		what = fmt.Sprintf("status %d, verdict %q, reason %q", r.Status, r.Verdict, r.Reason)
	case r.Accepted():
		what, fault = "accepted", !right
	case r.Reason == unavailableText:
		what, fault = "temporary", false
	case r.Reason == refusedText:
		what, fault = "refused", right
	default:
		what = fmt.Sprintf("reason %q", r.Reason)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.logins++
	c.seen[who+": "+what]++
	c.slowest = max(c.slowest, r.Blocked+r.Waited)
	if fault {
		c.w.t.Errorf("the login of a %s password: %s", who, what)
	}
}

// outage ends with a login that has to succeed, whatever became of the others.
func (c *crowd) outage(name string, away, back func() error, lasts time.Duration) {
	c.w.t.Helper()
	if err := away(); err != nil {
		c.w.t.Fatal(name, err)
	}
	time.Sleep(lasts)
	if err := back(); err != nil {
		c.w.t.Fatal(name, err)
	}
	c.first(name)
	time.Sleep(100 * time.Millisecond)
}

func (c *crowd) first(after string) {
	c.w.t.Helper()
	r, err := c.w.callInside(testbed.Call{Username: c.user, Password: c.password, IP: "192.0.2.9"})
	if err != nil || !r.Accepted() {
		c.w.t.Errorf("the first login after the %s: %+v, %v", after, r, err)
	}
}

// end waits until so many logins at least were answered.
func (c *crowd) end(logins int) {
	c.w.t.Helper()
	enough := func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.logins >= logins
	}
	for deadline := time.Now().Add(time.Minute); !enough() && time.Now().Before(deadline); {
		time.Sleep(20 * time.Millisecond)
	}
	c.halt()
	c.w.t.Logf("%d logins: %v; the slowest took %v", c.logins, c.seen, c.slowest.Round(time.Millisecond))
	if c.logins < logins || c.seen["right: accepted"] == 0 || c.seen["wrong: refused"] == 0 {
		c.w.t.Errorf("%d logins are too few, or of one kind", c.logins)
	}
	if worker := c.w.oneWorker(); worker.PID != c.worker {
		c.w.t.Error("it was not one worker")
	}
}

func (w *world) oneWorker() testbed.Worker {
	w.t.Helper()
	found := testbed.Workers(w.dir)
	if len(found) != 1 {
		w.t.Fatalf("%d workers", len(found))
	}
	return found[0]
}
