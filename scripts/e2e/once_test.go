//go:build e2e

package e2e_test

import (
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"ovpn-verify/scripts/testbed"
	"ovpn-verify/verify/secret"
)

// onceConfigs are the ways in which logins meet: as processes of their own, or
// as goroutines of one worker; counted or not.
var onceConfigs = map[string]string{
	"processes.toml":         "[limits]\nfailures = 0\n[worker]\nlinger = \"0s\"\n",
	"processes-limited.toml": "[limits]\nfailures = 5\n[worker]\nlinger = \"0s\"\n",
	"goroutines.toml":        "[limits]\nfailures = 0\n",
	"goroutines-limits.toml": "[limits]\nfailures = 5\n",
}

var (
	codeWays = []string{"static", "dynamic", "appended"}
	onceWays = append(codeWays[:3:3], "recovery")
)

const together = 20

// One code, or one answer to a question, from twenty clients at once: one gets
// in, the others are refused as for a wrong code.
func TestOfTwentyLoginsOneIsAccepted(t *testing.T) {
	var people []string
	for i := range len(onceConfigs)*len(onceWays) + 4 {
		people = append(people, fmt.Sprintf("user%02d", i))
	}
	s := newStand(t, people...)
	s.enroll(people...)
	for config, sections := range onceConfigs {
		s.configure(config, "", sections)
		for _, way := range onceWays {
			user := people[0]
			people = people[1:]
			call := s.call(config, user, s.onceField(way, config, user))
			began := time.Now()
			own, want := strings.HasPrefix(config, "processes"), 1
			if own {
				want = together
			}
			said, workers := s.allAtOnce(call, want)
			t.Logf("%-22s %-8s: %v by %d workers in %v", config, way, said, workers, time.Since(began).Round(time.Millisecond))
			if said["accepted"] != 1 || said[refusedText] != together-1 {
				t.Errorf("%s, %s: %v", config, way, said)
			}
			if workers != want {
				t.Errorf("%s: %d workers", config, workers)
			}
		}
	}
	s.twentyChecks("processes-limited.toml", people[0], true)
	s.twentyChecks("processes.toml", people[1], false)
	s.lookForSecrets(nil)
}

// onceField is a code of the user's app, or one of the recovery codes.
func (s *stand) onceField(way, config, user string) string {
	s.t.Helper()
	if way != "recovery" {
		return s.field(way, config, user, s.code(user, 0))
	}
	code := rand.Text()
	s.secret(code)
	if err := s.store.PutRecoveryCodes(s.t.Context(), user, []secret.Text{secret.FromString(code), secret.FromString(rand.Text())}); err != nil {
		s.t.Fatal(err)
	}
	return s.field("static", config, user, code)
}

// A client that comes back with its code, since its connection did not come up, is
// let in once more, whatever number of them comes back; and when it is up, no more.
func TestOfTwentyRetriesOneIsAccepted(t *testing.T) {
	people := []string{"user1", "user2", "user3"}
	s := newStand(t, people...)
	s.enroll(people...)
	s.configure("retries.toml", "", "reuse_grace = \"1m\"\n[worker]\nlinger = \"0s\"\n")
	first := func(user string) testbed.Call {
		call := s.call("retries.toml", user, s.field("static", "", user, s.code(user, 0)))
		if r, err := call.Run(t.Context()); err != nil || !r.Accepted() {
			t.Fatalf("%s: %+v, %v", user, r, err)
		}
		return call
	}
	up := func(call testbed.Call) {
		if r, err := call.Connect(t.Context()); err != nil || !r.Connected {
			t.Fatalf("%+v, %v", r, err)
		}
	}
	up(first(people[0])) // now it is known that client-connect is called
	retried, connected := first(people[1]), first(people[2])
	up(connected)
	time.Sleep(1100 * time.Millisecond) // at once, nobody can know yet that his connection does not come up
	for want, call := range map[int]testbed.Call{1: retried, 0: connected} {
		said, workers := s.allAtOnce(call, together)
		t.Logf("twenty retries of %s: %v by %d workers", call.Username, said, workers)
		if said["accepted"] != want || said[refusedText] != together-want {
			t.Errorf("%s: %v, want %d accepted", call.Username, said, want)
		}
	}
	s.lookForSecrets(nil)
}

// allAtOnce makes the same call from many ports, holds all of them up before
// the state, lets them go, and counts what the clients are told.
func (s *stand) allAtOnce(call testbed.Call, want int) (said map[string]int, workers int) {
	s.t.Helper()
	free := s.holdState()
	started := make([]*testbed.Deferred, together)
	var calls sync.WaitGroup
	for i := range started {
		c := call
		c.Port = s.call("", "", "").Port
		calls.Go(func() {
			var err error
			if started[i], err = c.Start(s.t.Context()); err != nil {
				s.t.Error(err)
			}
		})
	}
	calls.Wait()
	// The workers are started when OpenVPN has gone on; none of them ends while the state is held.
	for deadline := time.Now().Add(10 * time.Second); workers != want && time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		workers = s.workersOf(call.Config)
	}
	free()
	said = map[string]int{}
	var mu sync.Mutex
	for _, d := range started {
		calls.Go(func() {
			what := s.outcome(d)
			mu.Lock()
			defer mu.Unlock()
			said[what]++
		})
	}
	calls.Wait()
	return said, workers
}

func (s *stand) workersOf(config string) (count int) {
	for _, w := range testbed.Workers(s.dir) {
		if strings.Contains(w.Arguments, config+"\x00") {
			count++
		}
	}
	return count
}

// outcome is what the client is told.
func (s *stand) outcome(d *testbed.Deferred) string {
	if d == nil {
		return "not called"
	}
	r, err := d.Wait(s.t.Context())
	switch {
	case err != nil || r.Status != 2 || r.Verdict == 0:
		return fmt.Sprintf("%+v, %v", r, err)
	case r.Accepted():
		return "accepted"
	}
	return r.Reason
}

// holdState keeps everybody from the state until free is called.
func (s *stand) holdState() (free func()) {
	s.t.Helper()
	f, err := os.Open(s.path("state.db"))
	if err == nil {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return func() { f.Close() }
}

// twentyChecks is the same by the administrator's command.
func (s *stand) twentyChecks(config, user string, json bool) {
	s.t.Helper()
	code := s.code(user, 0)
	status := map[int]int{}
	var mu sync.Mutex
	var calls sync.WaitGroup
	for range together {
		calls.Go(func() {
			args := []string{"--config", s.path(config), "check", "--password-stdin", "--code", code, user}
			if json {
				args = slices.Insert(args, 3, "--json")
			}
			cmd := exec.Command(binary, args...)
			cmd.Stdin = strings.NewReader(s.password(user) + "\n")
			out, _ := cmd.CombinedOutput()
			s.lookForSecrets(map[string]string{"what check prints": string(out)})
			mu.Lock()
			defer mu.Unlock()
			status[cmd.ProcessState.ExitCode()]++
		})
	}
	calls.Wait()
	s.t.Logf("twenty of `check` with one code, %s: exit statuses %v", config, status)
	if status[0] != 1 || status[1] != together-1 {
		s.t.Errorf("exit statuses %v", status)
	}
}

// lookForSecrets reads the log, the state and what is given.
func (s *stand) lookForSecrets(places map[string]string) {
	s.t.Helper()
	if places == nil {
		places = map[string]string{"the log": read(s.path("log")), "the state": read(s.path("state.db"))}
	}
	s.mu.Lock()
	secrets := slices.Clone(s.secrets)
	s.mu.Unlock()
	slices.Sort(secrets)
	for _, found := range testbed.FindSecrets(places, slices.Compact(secrets)) {
		s.t.Error(found)
	}
}
