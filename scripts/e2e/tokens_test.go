//go:build e2e

package e2e_test

import (
	"strings"
	"testing"

	"ovpn-verify/scripts/testbed"
)

// session begins one that nothing renegotiates, and waits until it is up.
func (s *lasting) session(t *testing.T) {
	t.Helper()
	s.reneg = lastingReneg * 100
	s.begin(t)
	s.connected()
}

// reuse has another client log in with a token; it must not get in.
func (s *lasting) reuse(user, token, cause string) {
	s.t.Helper()
	c := s.Client(s.server, testbed.ClientOptions{})
	s.want(s.attempt(c, user, token), testbed.Refused, refusedText)
	s.logged(`user=` + user + ` .*field=token .*verdict=refused .*` + cause)
	if err := c.Stop(); err != nil {
		s.t.Fatal(err)
	}
}

// The client comes back by its token from another port, and nobody else comes
// by it; the token of a session that has ended is worth nothing.
func TestOurTokenBringsTheClientBack(t *testing.T) {
	for _, certificate := range []bool{false, true} {
		t.Run(map[bool]string{false: "no certificate", true: "certificate"}[certificate], func(t *testing.T) {
			t.Parallel()
			s := &lasting{proto: "udp4", login: withTOTP, challenge: "static", by: byOurToken, certificate: certificate}
			s.session(t)
			first := s.client.Token()
			s.comeBack()
			s.logged(`event=client-disconnect user=ada ip=\S+ result=noted`) // of the connection before
			second := s.client.Token()
			if second == first {
				t.Error("the session from another port has the same token")
			}
			s.comeBack()
			if n := s.passwords(); n != 1 {
				t.Errorf("%d passwords reached the directory", n)
			}
			if !certificate {
				s.reuse("ada", first, "unknown or has expired")
				s.reuse("ada", second, "unknown or has expired")
			}
		})
	}
}

// Over TCP OpenVPN notices at once that a client has gone, and its session ends.
func TestOurTokenEndsWithATCPConnection(t *testing.T) {
	t.Parallel()
	s := &lasting{proto: "tcp4", login: withTOTP, challenge: "static", by: byOurToken}
	s.session(t)
	s.want(s.reconnect(), testbed.Refused, refusedText)
	s.logged(`field=token .*verdict=refused .*unknown or has expired`)
	s.want(s.attempt(s.client, "ada", s.field()), testbed.Connected, "")
}

func (s *lasting) comeBack() {
	s.t.Helper()
	s.want(s.reconnect(), testbed.Connected, "")
	s.secrets = append(s.secrets, s.client.Token())
}

// reconnect has the client come back with what it has.
func (s *lasting) reconnect() testbed.Event {
	s.t.Helper()
	if err := s.client.Restart(); err != nil {
		s.t.Fatal(err)
	}
	if err := s.client.Retry(); err != nil {
		s.t.Fatal(err)
	}
	e := s.next(s.client)
	for e.Kind == testbed.Dropped {
		e = s.next(s.client)
	}
	return e
}

func TestOurTokenIsRefusedToOthers(t *testing.T) {
	for _, proto := range []string{"udp4", "tcp4"} {
		t.Run(proto, func(t *testing.T) {
			t.Parallel()
			s := &lasting{proto: proto, login: withTOTP, challenge: "static", by: byOurToken}
			s.session(t)
			token := s.client.Token()
			s.reuse("zoë", token, `belongs to`)
			s.reuse("ada", token[:len(token)-1]+"!", "unknown or has expired")
			s.reuse("ada", "SESS_ID_AT_"+strings.Repeat("A", 60), "that OpenVPN has not checked")
			if err := s.client.Stop(); err != nil { // over UDP with explicit-exit-notify
				t.Fatal(err)
			}
			s.logged(`event=client-disconnect user=ada ip=\S+ result=noted`)
			s.reuse("ada", token, "unknown or has expired")
			if n := s.passwords(); n != 1 || strings.Contains(s.slapd.Log(), "uid=zoë") {
				t.Errorf("%d passwords of ada's reached the directory, or zoë's", n)
			}
		})
	}
}

func TestOpenVPNsTokenIsRefusedToOthers(t *testing.T) {
	t.Parallel()
	s := &lasting{proto: "udp4", login: withTOTP, challenge: "dynamic", by: byOpenVPNsToken}
	s.session(t)
	token := s.client.Token()
	s.reuse("zoë", token, "OpenVPN says of its auth-token: .*Invalid")
	s.reuse("ada", token[:len(token)-4]+"AAAA", "OpenVPN says of its auth-token: .*Invalid")
	s.reuse("ada", "SESS_ID_AT_AAAA", "OpenVPN says of its auth-token: .*Initial")
	s.comeBack()
	if n := s.passwords(); n != 1 {
		t.Errorf("%d passwords reached the directory", n)
	}
}
