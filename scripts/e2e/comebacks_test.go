//go:build e2e

package e2e_test

import (
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"ovpn-verify/scripts/testbed"
)

// The directory is away at a renegotiation. The client is told to come back by
// itself, with what it has: a token gets it in once the directory is back, a code
// that was used does not.
func outagesAtRenegotiations(t *testing.T) {
	sessions := map[string]*lasting{
		"our token, UDP":  {proto: "udp4", by: byOurToken},
		"our token, TCP":  {proto: "tcp4", by: byOurToken},
		"OpenVPN's token": {proto: "udp4", by: byOpenVPNsToken},
		"a code":          {proto: "tcp4", by: byField},
	}
	for _, s := range sessions {
		s.login, s.challenge, s.reneg = withTOTP, "static", 8*time.Second
		s.begin(t)
	}
	for name, s := range sessions {
		s.phase(t, name+" begins", func() {
			s.connected()
			if err := s.slapd.Stop(); err != nil {
				s.t.Fatal(err)
			}
		})
	}
	for name, s := range sessions {
		s.phase(t, name, s.survivesTheOutage)
	}
}

func (s *lasting) survivesTheOutage() {
	s.want(s.next(s.client), testbed.Temporary, unavailableText)
	if s.by == byOurToken {
		s.disconnected()
	}
	s.retry(testbed.Temporary)
	if err := s.slapd.Start(); err != nil {
		s.t.Fatal(err)
	}
	if s.by == byField {
		s.retry(testbed.Refused)
		s.logged(`field=static .*verdict=refused .*(used before|wrong code)`)
		return
	}
	s.retry(testbed.Connected)
	s.logged(tokenRecord + ` verdict=accepted`)
}

// disconnected waits until OpenVPN has dropped the client, over UDP after five seconds.
func (s *lasting) disconnected() {
	s.t.Helper()
	for deadline := time.Now().Add(15 * time.Second); !strings.Contains(read(s.path("log")), "event=client-disconnect user=ada"); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatal("client-disconnect was not called")
		}
	}
}

// retry does what the client does after the seconds that TEMP names, which it
// also says to whom it waits for.
func (s *lasting) retry(want testbed.Kind) {
	s.t.Helper()
	if err := s.client.Retry(); err != nil {
		s.t.Fatal(err)
	}
	if !strings.Contains(s.client.Transcript(), "< >HOLD:Waiting for hold release:30") {
		s.t.Error("the client does not come back after 30 seconds")
	}
	e := s.next(s.client)
	s.want(e, want, "")
	if token := s.client.Token(); token != "" {
		s.secrets = append(s.secrets, token)
	}
}

// The server dies after the verdict and before it has told the client, who goes
// to the next one with the same code: let in, once.
func TestReuseGrace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.configure(ldapSection(w.Slapd(testbed.SlapdOptions{}), withTOTP, ""))
	w.enroll("ada", "zoë")
	dying := w.serveSessions(binary, "config.toml", testbed.ServerOptions{Proto: "tcp4"})
	next := w.serveSessions(binary, "config.toml", testbed.ServerOptions{Proto: "tcp4"})
	before := w.Client(next, testbed.ClientOptions{StaticChallenge: "Code"}) // tells that client-connect is called
	w.want(w.attempt(before, "zoë", testbed.Static("pässwörd", w.code("zoë"))), testbed.Connected, "")

	c := w.Client(dying, testbed.ClientOptions{
		StaticChallenge: "Code", Extra: []string{"remote " + testbed.ServerIP + " " + strconv.Itoa(next.Port) + " tcp4-client"},
	})
	w.steps["ada"] = int(time.Now().Unix()/30) - 1
	field := testbed.Static("lovelace-1815", w.code("ada"))
	w.secrets = append(w.secrets, field)
	if err := c.Login("ada", field); err != nil {
		t.Fatal(err)
	}
	w.logged(`user=ada .*field=static factor=totp verdict=accepted`)
	if err := syscall.Kill(dying.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	w.want(w.next(c), testbed.Dropped, "")
	time.Sleep(time.Second) // as the client does (connect-retry)
	if err := c.Retry(); err != nil {
		t.Fatal(err)
	}
	w.want(w.next(c), testbed.Connected, "")
	w.logged(`user=ada .*field=static factor=session verdict=accepted .*totp.reuse_grace`)
	another := w.Client(next, testbed.ClientOptions{})
	w.want(w.attempt(another, "ada", field), testbed.Refused, refusedText)
	w.logged(`user=ada .*field=static .*verdict=refused .*(used before|wrong code)`)
}
