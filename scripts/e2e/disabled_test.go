//go:build e2e

package e2e_test

import (
	"fmt"
	"testing"
	"time"

	"ovpn-verify/scripts/testbed"
)

// ending is a session that one of its first renegotiations ends.
type ending struct {
	lasting
	change string // to ada's account, LDIF
	cause  string // in our log; empty: it goes on
}

const adaDN = "uid=ada," + testbed.LDAPPeople

func endingSessions() map[string]*ending {
	const soon = 8 * time.Second
	outOfGroup := modify(testbed.LDAPVPNGroup, "delete", "member", adaDN)
	locked := modify(adaDN, "add", "pwdAccountLockedTime", "000001010000Z")
	deleted := fmt.Sprintf("dn: %s\nchangetype: delete\n", adaDN)
	return map[string]*ending{
		"static": {lasting{proto: "udp4", login: withTOTP, challenge: "static", reneg: soon}, outOfGroup, "group"},
		"static, our token": {lasting{proto: "tcp4", login: withTOTP, challenge: "static", by: byOurToken, reneg: soon},
			locked, "locked"},
		"static, OpenVPN's token": {lasting{proto: "udp4", login: withTOTP, challenge: "static", by: byOpenVPNsToken, reneg: soon},
			deleted, "matches no entry"},
		"password": {lasting{proto: "tcp4", login: withNone, reneg: soon}, outOfGroup, "group"},
		"an expired token": {lasting{proto: "udp4", login: withTOTP, challenge: "static", by: "auth-gen-token 10 8 external-auth", reneg: soon},
			"", `OpenVPN says of its auth-token: .*Expired`},
		"no recheck": {lasting{proto: "udp4", login: withTOTP, more: "[session]\nrecheck = \"none\"\n", challenge: "static", reneg: soon,
			record: `field=static factor=session`}, deleted, ""},
	}
}

// Whoever was disabled is out at the next renegotiation, whatever recognises the
// session, and so is who has a token that has expired.
func disabledAccounts(t *testing.T) {
	sessions := endingSessions()
	for _, s := range sessions {
		s.begin(t)
	}
	for name, s := range sessions {
		s.phase(t, name+" begins", func() {
			s.connected()
			if s.change == "" {
				return
			}
			if err := s.slapd.Add(s.change); err != nil {
				s.t.Fatal(err)
			}
		})
	}
	for name, s := range sessions {
		s.phase(t, name, s.isOut)
	}
}

func (s *ending) isOut() {
	if s.cause == "" {
		for deadline := time.Now().Add(25 * time.Second); s.accepted() < 1; time.Sleep(100 * time.Millisecond) {
			if time.Now().After(deadline) {
				s.t.Fatal("no renegotiation was accepted")
			}
		}
		return
	}
	e, err := s.client.Next(25 * time.Second)
	if err != nil {
		s.t.Fatal(err)
	}
	s.want(e, testbed.Refused, refusedText)
	s.logged(`user=ada .* verdict=refused .*` + s.cause)
	s.t.Logf("out %v after the login", e.Took.Round(time.Second))
}
