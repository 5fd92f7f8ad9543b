//go:build e2e

package e2e_test

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"ovpn-verify/scripts/testbed"
)

// What recognises a session at its renegotiations.
const (
	byField         = ""                                     // nothing more in server.conf
	byOurToken      = "client-connect"                       // and client-disconnect
	byOpenVPNsToken = "auth-gen-token 3600 60 external-auth" // the client gets a renewed one too late for reneg-sec
)

// lasting is a session that has to live through renegotiations.
type lasting struct {
	proto       string
	login       string // lines of [login] with LDAP; empty: RADIUS
	more        string // sections
	user        string // of RADIUS; empty: ada
	challenge   string // "static", "dynamic", "appended" or none
	by          string
	certificate bool
	reneg       time.Duration // 0: lastingReneg

	asked  int    // passwords that reach the directory at the login
	again  int    // and at each renegotiation
	record string // of our log, at each renegotiation
	ends   string // in our log, when session.lifetime has ended it; empty: it goes on

	*world
	slapd  *testbed.Slapd
	radius *testbed.Radius
	client *testbed.Client
}

const (
	withTOTP = `second_factor = "totp"`
	withNone = `second_factor = "none"`

	aMinute = "[session]\nlifetime = \"1m\"\n"

	tokenRecord    = `field=token factor=session`
	passwordRecord = `field=plain factor=none`
)

// Over UDP and TCP, with certificates and without.
func lastingSessions() map[string]*lasting {
	return map[string]*lasting{
		"static": {proto: "udp4", login: withTOTP, challenge: "static",
			asked: 1, record: `field=static factor=session`},
		"dynamic": {proto: "tcp4", login: withTOTP, challenge: "dynamic",
			asked: 1, record: `field=dynamic factor=session`},
		"appended": {proto: "udp4", login: withTOTP, more: "[totp]\nappended = true\n", challenge: "appended",
			asked: 1, record: `field=plain factor=session`},
		"static, our token": {proto: "udp4", login: withTOTP, challenge: "static", by: byOurToken,
			asked: 1, record: tokenRecord},
		"dynamic, our token, certificate": {proto: "tcp4", login: withTOTP, challenge: "dynamic", by: byOurToken, certificate: true,
			asked: 1, record: tokenRecord},
		"static, OpenVPN's token, certificate": {proto: "tcp4", login: withTOTP, challenge: "static", by: byOpenVPNsToken, certificate: true,
			asked: 1, record: tokenRecord},
		"dynamic, OpenVPN's token": {proto: "udp4", login: withTOTP, challenge: "dynamic", by: byOpenVPNsToken,
			asked: 1, record: tokenRecord},
		"password": {proto: "tcp4", login: withNone, asked: 1, again: 1, record: passwordRecord},
		"password, our token": {proto: "tcp4", login: withNone, by: byOurToken,
			asked: 1, record: tokenRecord},
		"one-time password": {proto: "udp4", login: withNone + "\none_time_passwords = true",
			asked: 1, record: `field=plain factor=session`},
		"RADIUS":                  {proto: "udp4", asked: 1, again: 1, record: passwordRecord},
		"RADIUS, OpenVPN's token": {proto: "tcp4", by: byOpenVPNsToken, asked: 1, record: tokenRecord},
		"RADIUS, question": {proto: "tcp4", user: "carol", challenge: "dynamic",
			asked: 2, record: `field=dynamic factor=session`},
		"a minute": {proto: "tcp4", login: withTOTP, more: aMinute, challenge: "static", ends: "(used before|wrong code)"},
		"a minute, our token": {proto: "udp4", login: withTOTP, more: aMinute, challenge: "static", by: byOurToken,
			ends: "unknown or has expired"},
	}
}

// Sessions of every kind live through five renegotiations, and the directory sees
// the password as often as it has to be checked, never a token. What is older than
// session.lifetime has to log in again.
func TestSessionsLiveThroughRenegotiations(t *testing.T) {
	t.Parallel()
	began := time.Now()
	sessions := lastingSessions()
	for _, s := range sessions {
		s.begin(t)
	}
	for name, s := range sessions {
		if !s.phase(t, name+" begins", s.connected) {
			return
		}
	}
	t.Run("meanwhile, disabled accounts", disabledAccounts)
	t.Run("meanwhile, outages", outagesAtRenegotiations)
	for name, s := range sessions {
		s.phase(t, name+" goes on", s.goesOn)
	}
	t.Logf("%d sessions, five renegotiations each, in %v", len(sessions), time.Since(began).Round(time.Second))
}

// phase is a test of its own, while all sessions go on beside each other.
func (s *lasting) phase(parent *testing.T, name string, do func()) (ok bool) {
	return parent.Run(name, func(t *testing.T) {
		s.t = t
		defer func() { s.t = parent }()
		do()
	})
}

// lastingReneg is the shortest that does: OpenVPN looks for verdicts ever more
// seldom, nine seconds later after a few renegotiations of a session
// (src/openvpn/ssl_verify.c, cache_intervals), and only when a packet comes; it
// gives up after half of reneg-sec.
const lastingReneg = 22 * time.Second

// begin does not wait for the answer to the login.
func (s *lasting) begin(t *testing.T) {
	t.Helper()
	s.world, s.user = newWorld(t), cmp.Or(s.user, "ada")
	if s.login == "" {
		s.radius = s.Radius(testbed.RadiusOptions{})
		s.configure(radiusSection(s.radius.Addr))
	} else {
		s.slapd = s.Slapd(testbed.SlapdOptions{})
		s.configure(ldapSection(s.slapd, s.login, "") + s.more)
	}
	if s.login == withTOTP {
		s.enroll(s.user)
	}
	reneg := cmp.Or(s.reneg, lastingReneg)
	o := testbed.ServerOptions{
		Proto: s.proto, ClientCerts: s.certificate, HandWindow: min(reneg/2, 30*time.Second), Renegotiate: reneg,
	}
	if s.reneg == 0 {
		o.Extra = []string{"keepalive 1 30"}
	}
	var client testbed.ClientOptions
	if s.proto == "udp4" {
		client.Extra = append(client.Extra, "explicit-exit-notify 1") // else the server notices after minutes
	}
	if s.certificate {
		client.Cert = s.clientCert("ada-laptop")
	}
	if s.challenge == "static" {
		client.StaticChallenge = "Code"
	}
	switch s.by {
	case byField:
		s.serve(o)
	case byOurToken:
		s.serveSessions(binary, "config.toml", o)
	default:
		o.Extra = append(o.Extra, s.by)
		s.serve(o)
	}
	s.client = s.Client(s.server, client)
	if err := s.client.Login(s.user, s.field()); err != nil {
		t.Fatal(err)
	}
}

func (w *world) clientCert(name string) testbed.Files {
	w.t.Helper()
	files, err := w.CA.Write(w.Dir, name, testbed.Cert{Name: name, Client: true})
	if err != nil {
		w.t.Fatal(err)
	}
	return files
}

// field is what the client sends first.
func (s *lasting) field() string {
	if s.steps[s.user] < 0 { // the step before may be too old by the time that the code arrives
		s.steps[s.user] = int(time.Now().Unix()/30) - 1
	}
	password := "lovelace-1815"
	if s.user == "carol" {
		password = "carol secret"
	}
	switch s.challenge {
	case "static":
		return testbed.Static(password, s.code(s.user))
	case "appended":
		return password + s.code(s.user)
	}
	return password
}

func (s *lasting) connected() {
	e := s.next(s.client)
	if s.challenge == "dynamic" {
		s.want(e, testbed.Challenged, "")
		code := "246810"
		if s.user == "ada" {
			code = s.code(s.user)
		}
		e = s.attempt(s.client, s.user, testbed.Dynamic(e.Challenge.State, code))
	}
	s.want(e, testbed.Connected, "")
	if token := s.client.Token(); token != "" {
		s.secrets = append(s.secrets, token)
	}
	if (s.client.Token() != "") != (s.by != byField) {
		s.t.Errorf("the client was given a token: %v", s.by == byField)
	}
}

// accepted counts the renegotiations in our log.
func (s *lasting) accepted() int {
	re := regexp.MustCompile(`(?m)msg=login .* ` + s.record + ` verdict=accepted`)
	n := len(re.FindAllString(read(s.path("log")), -1))
	if s.record == passwordRecord {
		n-- // the login reads the same
	}
	return n
}

// logsInAgain waits until the session is too old; then only a new code will do.
func (s *lasting) logsInAgain() {
	e, err := s.client.Next(90 * time.Second)
	if err != nil {
		s.t.Fatal(err)
	}
	s.want(e, testbed.Refused, refusedText)
	s.logged(`user=ada .* verdict=refused .*` + s.ends)
	s.steps[s.user] = int(time.Now().Unix()/30) - 1
	s.want(s.attempt(s.client, s.user, s.field()), testbed.Connected, "")
}

// goesOn waits until OpenVPN has made the fifth renegotiation's keys, and until our log
// tells of it: the record comes after the verdict.
func (s *lasting) goesOn() {
	if s.ends != "" {
		s.logsInAgain()
		return
	}
	keys := func() int { return strings.Count(s.server.Log(), "Outgoing Data Channel: Cipher") }
	for deadline := time.Now().Add(6 * lastingReneg); keys() < 6 || s.accepted() < 5; time.Sleep(100 * time.Millisecond) {
		if e, err := s.client.Next(time.Millisecond); err == nil || time.Now().After(deadline) {
			s.t.Fatalf("%d renegotiations, %d in our log; the client saw %v", keys()-1, s.accepted(), e)
		}
	}
	n := s.accepted()
	if got, want := s.passwords(), s.asked+s.again*n; got != want {
		s.t.Errorf("%d renegotiations; %d passwords reached the directory, want %d", n, got, want)
	}
	s.t.Logf("%d renegotiations; the directory saw %d passwords", n, s.passwords())
}

// passwords are those that the directory saw of the user.
func (s *lasting) passwords() int {
	if s.radius != nil {
		return strings.Count(s.radius.Arrived(), fmt.Sprintf("User-Name = %q", s.user))
	}
	return strings.Count(s.slapd.Log(), `BIND dn="uid=`+s.user+`,`+testbed.LDAPPeople+`" method=128`)
}
