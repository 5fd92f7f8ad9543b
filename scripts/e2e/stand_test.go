//go:build e2e

package e2e_test

import (
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"ovpn-verify/scripts/testbed"
	"ovpn-verify/verify/secret"
	"ovpn-verify/verify/state"
)

// stand is a real directory and our real program on the host's loopback, called
// as the daemon calls: for more logins at once than there could be clients.
type stand struct {
	t     *testing.T
	dir   string // configurations, secrets, state and log
	slapd *testbed.Slapd
	store *state.Store // the same as the program's
	port  atomic.Int32 // each login has one of its own

	mu      sync.Mutex
	secrets []string
	seeds   map[string]string // in base32
}

// period and skew leave room for twenty-one codes, so that no test waits for one.
const (
	standTOTP = "period = \"15s\"\nskew = 10\nappended = true\n"
	period    = 15 // seconds
)

func newStand(t *testing.T, people ...string) *stand {
	t.Helper()
	dir, err := os.MkdirTemp("", "stand-")
	if err != nil {
		t.Fatal(err)
	}
	s := &stand{t: t, dir: dir, seeds: map[string]string{}}
	s.store = state.Open(s.path("state.db"), s.path("state.db.key"))
	t.Cleanup(s.end)
	var entries strings.Builder
	for _, name := range people {
		fmt.Fprintf(&entries, "dn: uid=%s,%s\nobjectClass: inetOrgPerson\nuid: %[1]s\ncn: x\nsn: x\nuserPassword: %[3]s\n\n", name, testbed.LDAPPeople, s.password(name))
	}
	if s.slapd, err = testbed.StartSlapdHere(dir, testbed.SlapdOptions{Entries: entries.String()}); err != nil {
		t.Fatal(err)
	}
	s.write("ldap.secret", testbed.LDAPBindSecret)
	s.secret(testbed.LDAPBindSecret)
	return s
}

func (s *stand) end() {
	for _, w := range testbed.Workers(s.dir) {
		_ = w.Kill()
	}
	s.store.Close()
	if s.slapd != nil {
		_ = s.slapd.Stop()
	}
	if s.t.Failed() {
		log := read(s.path("log"))
		s.t.Logf("the end of our log:\n%s", log[max(0, len(log)-6000):])
	}
	os.RemoveAll(s.dir)
}

func (s *stand) path(name string) string { return filepath.Join(s.dir, name) }

func (s *stand) write(name, content string) {
	s.t.Helper()
	if err := os.WriteFile(s.path(name), []byte(content), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// secret notes what must not be read anywhere.
func (s *stand) secret(texts ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.secrets = append(s.secrets, texts...)
}

func (s *stand) password(user string) string {
	password := "password of " + user
	s.secret(password)
	return password
}

// configure writes a configuration; all share one state, directory and log.
func (s *stand) configure(name, login, sections string) {
	s.t.Helper()
	s.write(name, fmt.Sprintf(`[login]
backend = "ldap"
second_factor = "totp"
%s
[ldap]
urls = [%q]
bind_dn = %q
bind_password_file = "ldap.secret"
base_dn = %q
timeout = "1s"
[totp]
%s%s
[state]
path = "state.db"
[log]
to = "log"
`, login, s.slapd.URL, testbed.LDAPBindDN, testbed.LDAPPeople, standTOTP, sections))
}

func (s *stand) enroll(users ...string) {
	s.t.Helper()
	for _, user := range users {
		seed := make([]byte, 20)
		var text string
		for text == "" || repeats(text) {
			_, _ = rand.Read(seed)
			text = base32.StdEncoding.EncodeToString(seed)
		}
		err := s.store.PutEnrolment(s.t.Context(), state.Enrolment{Identity: user, Seed: secret.New(seed), Created: time.Now()})
		if err != nil {
			s.t.Fatal(err)
		}
		s.secret(text, string(seed))
		s.mu.Lock()
		s.seeds[user] = text
		s.mu.Unlock()
	}
}

// repeats tells whether two codes of the next half hour are the same and so near
// each other that both are accepted at one moment: the later one would be spent with
// the first, and a new code between them refused.
func repeats(seed string) bool {
	last := map[string]int64{}
	for step := time.Now().Unix()/period - 11; step < time.Now().Unix()/period+130; step++ {
		code := codeAt(seed, step)
		if before, seen := last[code]; seen && step-before <= 21 {
			return true
		}
		last[code] = step
	}
	return false
}

// code is the user's code so many time steps from now.
func (s *stand) code(user string, steps int) string {
	s.mu.Lock()
	seed := s.seeds[user]
	s.mu.Unlock()
	code := codeAt(seed, time.Now().Unix()/period+int64(steps))
	s.secret(code)
	return code
}

// codeAt is the code of six digits in a time step.
func codeAt(seed string, step int64) string {
	code, err := hotp.GenerateCodeCustom(seed, uint64(step), hotp.ValidateOpts{Digits: otp.DigitsSix})
	if err != nil {
		panic(err)
	}
	return code
}

// call is a login from the user's own address, and from a port of its own.
func (s *stand) call(config, user, field string) testbed.Call {
	if len(field) > 6 {
		s.secret(field)
	}
	return testbed.Call{
		Binary: binary, Config: s.path(config), Username: user, Password: field,
		IP: address(user), Port: 1025 + int(s.port.Add(1)), Window: 20 * time.Second,
	}
}

func address(user string) string {
	h := fnv.New32a()
	h.Write([]byte(user))
	n := h.Sum32()
	return fmt.Sprintf("10.%d.%d.%d", byte(n>>16), byte(n>>8), byte(n))
}

// challenge asks for one with the password alone.
func (s *stand) challenge(config, user string) (id string) {
	s.t.Helper()
	call := s.call(config, user, s.password(user))
	r, err := call.Run(s.t.Context())
	c, parseErr := testbed.ParseChallenge(r.Reason)
	if err = errors.Join(err, parseErr); err != nil {
		s.t.Fatalf("no challenge for %s: %+v, %v", user, r, err)
	}
	s.secret(c.State)
	return c.State
}

// field is the password field that carries a code in one of the ways.
func (s *stand) field(way, config, user, code string) string {
	s.t.Helper()
	switch way {
	case "static":
		return testbed.Static(s.password(user), code)
	case "appended":
		return s.password(user) + code
	case "dynamic":
		return "CRV1::" + s.challenge(config, user) + "::" + code
	}
	s.t.Fatalf("what is %q?", way)
	return ""
}
