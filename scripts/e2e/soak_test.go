//go:build e2e

package e2e_test

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ovpn-verify/scripts/testbed"
)

const (
	soakLogins  = 2000
	soakClients = 8 // at a time
	soakPeople  = 600
	soakMost    = 6 // failures before a lock-out
)

// soak is a day of an office in a minute: people who log in by every way there
// is, rightly and wrongly, while workers are killed and the directory is away.
type soak struct {
	*stand
	weather

	logins, names atomic.Int32
	people        []string
	radius        []string

	mu       sync.Mutex
	verdicts map[string]map[string]int // by kind of login
	given    map[string]map[string]int // by user of a worker that is never killed
}

// TestSoak: every login has one verdict, the log has the same, and none lets
// somebody in whose password, code or limit says no.
func TestSoak(t *testing.T) {
	s := newSoak(t)
	began := time.Now()
	over := s.start()
	var clients sync.WaitGroup
	for range soakClients {
		clients.Go(s.client)
	}
	clients.Wait()
	over()
	took := time.Since(began)
	t.Logf("%d logins in %v, %.1f a second", s.logins.Load(), took.Round(time.Millisecond), float64(s.logins.Load())/took.Seconds())
	s.report()
	s.compareWithLog()
	s.flat()
	s.afterwards()
}

func newSoak(t *testing.T) *soak {
	t.Helper()
	s := &soak{verdicts: map[string]map[string]int{}, given: map[string]map[string]int{}}
	for i := range soakPeople {
		s.people = append(s.people, fmt.Sprintf("user%03d", i))
	}
	s.stand = newStand(t, s.people...)
	s.weather.stand = s.stand
	var radiusUsers strings.Builder
	for i := range 40 {
		name := fmt.Sprintf("radius%02d", i)
		s.radius = append(s.radius, name)
		fmt.Fprintf(&radiusUsers, "%s Cleartext-Password := %q\n", name, s.password(name))
	}
	radius, err := testbed.StartRadiusHere(s.dir, testbed.RadiusOptions{Users: radiusUsers.String()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = radius.Stop() })
	s.write("radius.secret", testbed.RadiusSecret)
	s.secret(testbed.RadiusSecret)
	limits := fmt.Sprintf("unenrolled = \"allow\"\nreuse_grace = \"0s\"\n[limits]\nfailures = %d\n", soakMost)
	s.configure("steady.toml", `deadline = "4s"`, limits)
	s.configure("killed.toml", `deadline = "4s"`, limits)
	s.write("radius.toml", fmt.Sprintf("[login]\nbackend = \"radius\"\nsecond_factor = \"none\"\n[radius]\nservers = [%q]\nsecret_file = \"radius.secret\"\n[state]\npath = \"state.db\"\n[log]\nto = \"log\"\n", radius.Addr))
	return s
}

// client is somebody after somebody else, until there were enough logins.
func (s *soak) client() {
	for s.logins.Load() < soakLogins {
		n := int(s.names.Add(1)) - 1
		kind := soakKinds[n%len(soakKinds)]
		if n >= len(s.people) {
			s.t.Error("there are not enough people")
			return
		}
		c := &client{soak: s, user: s.people[n], config: "steady.toml"}
		if n/len(soakKinds)%2 == 1 && !kind.steady {
			c.config = "killed.toml"
		}
		if kind.enrolled {
			s.enroll(c.user)
		}
		kind.logIn(c)
	}
}

// count keeps what came of a login.
func (s *soak) count(c *client, user, kind, outcome string) {
	s.logins.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.verdicts[kind] == nil {
		s.verdicts[kind] = map[string]int{}
	}
	s.verdicts[kind][outcome]++
	if c.config != "killed.toml" && user == c.user {
		if s.given[c.user] == nil {
			s.given[c.user] = map[string]int{}
		}
		s.given[c.user][outcome]++
	}
}

var soakOutcomes = []string{"accepted", "refused", "challenged", "unavailable", "killed"}

func (s *soak) report() {
	var kinds []string
	sum := map[string]int{}
	for kind := range s.verdicts {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	table := fmt.Sprintf("%-36s%11s%11s%11s%12s%11s\n", "", "accepted", "refused", "challenged", "unavailable", "killed")
	line := func(kind string, of map[string]int) {
		table += fmt.Sprintf("%-36s%11d%11d%11d%12d%11d\n", kind, of["accepted"], of["refused"], of["challenged"], of["unavailable"], of["killed"])
	}
	for _, kind := range kinds {
		line(kind, s.verdicts[kind])
		for _, outcome := range soakOutcomes {
			sum[outcome] += s.verdicts[kind][outcome]
		}
	}
	line("all", sum)
	s.t.Logf("%d kills, %d outages; what became of the logins:\n%s", len(s.kills), len(s.outages), table)
	if len(s.kills) < 10 || len(s.outages) < 5 || sum["accepted"] < soakLogins/5 || sum["refused"] < soakLogins/5 || sum["killed"] == 0 || sum["unavailable"] == 0 {
		s.t.Error("this was no soak")
	}
}

// compareWithLog: where no worker was killed, the log has each login once, with
// the verdict that the client was given.
func (s *soak) compareWithLog() {
	logged := map[string]map[string]int{}
	records := 0
	for line := range strings.Lines(read(s.path("log"))) {
		if !strings.Contains(line, " msg=login ") {
			continue
		}
		records++
		user, verdict := field(line, " user="), field(line, " verdict=")
		if logged[user] == nil {
			logged[user] = map[string]int{}
		}
		logged[user][verdict]++
	}
	compared := 0
	for user, given := range s.given {
		for _, verdict := range soakOutcomes {
			compared += given[verdict]
			if logged[user][verdict] != given[verdict] {
				s.t.Errorf("%s: given %v, logged %v", user, given, logged[user])
				break
			}
		}
	}
	s.t.Logf("the log has %d records of %d logins; those of the %d that went to workers which were not killed are the verdicts given", records, s.logins.Load(), compared)
}

func field(line, name string) string {
	_, rest, _ := strings.Cut(line, name)
	value, _, _ := strings.Cut(rest, " ")
	return strings.Trim(value, "\"\n")
}

// afterwards looks at the state, and for secrets wherever something is written or shown.
func (s *soak) afterwards() {
	places := map[string]string{"the log": read(s.path("log"))}
	for _, args := range [][]string{
		{"state", "check"}, {"state", "check", "--json"}, {"state", "backup", s.path("backup.db")},
		{"config", "show"}, {"config", "check"}, {"totp", "list"}, {"unlock", s.people[0]},
	} {
		out, err := exec.Command(binary, append([]string{"--config", s.path("steady.toml")}, args...)...).CombinedOutput()
		if err != nil && args[0] != "unlock" {
			s.t.Errorf("%v: %v\n%s", args, err, out)
		}
		places["what "+strings.Join(args, " ")+" prints"] = string(out)
	}
	places["the state"], places["its backup"] = read(s.path("state.db")), read(s.path("backup.db"))
	for _, w := range testbed.Workers(s.dir) {
		places["a worker's arguments and environment"] += w.Arguments + w.Environ
	}
	s.secret(strings.TrimSpace(read(s.path("state.db.key"))))
	s.lookForSecrets(places)
}
