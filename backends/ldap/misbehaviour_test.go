package ldap

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"ovpn-verify/backends/backendtest/fakeldap"
)

// TestMisbehavingServersLetNobodyInAndEnd tries every way to send a reply at
// every step of a login with the right password.
func TestMisbehavingServersLetNobodyInAndEnd(t *testing.T) {
	certificate, pem := newCertificate(t)
	manners := []fakeldap.Manner{
		fakeldap.Silent, fakeldap.Close, fakeldap.Half, fakeldap.HalfSilent, fakeldap.Garbage, fakeldap.Drip,
		fakeldap.Flood, fakeldap.WrongID, fakeldap.WrongOp, fakeldap.NoCode, fakeldap.LongCode, fakeldap.Goodbye,
	}
	binds := append([]fakeldap.Manner{fakeldap.Twice}, manners...)
	for step, manners := range map[fakeldap.Step][]fakeldap.Manner{
		fakeldap.Accept:       {fakeldap.Silent, fakeldap.Close, fakeldap.Garbage, fakeldap.Drip},
		fakeldap.StartTLS:     binds,
		fakeldap.ServiceBind:  binds,
		fakeldap.SearchUser:   except(manners, fakeldap.NoCode, fakeldap.LongCode),
		fakeldap.SearchGroups: except(manners, fakeldap.NoCode, fakeldap.LongCode),
		fakeldap.UserBind:     binds,
	} {
		for _, m := range manners {
			t.Run(fmt.Sprintf("%s/%s", step, m), func(t *testing.T) {
				t.Parallel()
				o := exampleWith(step, fakeldap.Fault{Manner: m})
				c := exampleConfig(t)
				if step == fakeldap.StartTLS {
					o.TLS, c.StartTLS, c.CAFile = certificate, true, writeFile(t, "ca.pem", pem)
				}
				s := start(t, o)
				c.URLs, c.Timeout = []string{s.URL()}, impatience
				c.GroupBaseDN = fakeldap.ExampleGroupBaseDN
				endsAsAnOutage(t, newBackend(t, c))
				if n := s.Counts(); step == fakeldap.StartTLS && n.Plaintext > 0 {
					t.Errorf("%d requests were sent unencrypted", n.Plaintext)
				}
			})
		}
	}
}

func endsAsAnOutage(t *testing.T, b *Backend) {
	t.Helper()
	began := time.Now()
	id, err := ada(t, b)
	if got := outcomeOf(t, id, err); got != down {
		t.Errorf("%s, %v", got, err)
	}
	if took := time.Since(began); took > impatience+slack {
		t.Errorf("it took %v", took)
	}
}

func TestHangsInTheTLSHandshakeEnd(t *testing.T) {
	for _, m := range []fakeldap.Manner{fakeldap.Silent, fakeldap.Drip} {
		t.Run(string(m), func(t *testing.T) {
			t.Parallel()
			o := exampleWith(fakeldap.Accept, fakeldap.Fault{Manner: m})
			o.LDAPS = true
			c := exampleConfig(t, start(t, o))
			c.Timeout = impatience
			endsAsAnOutage(t, newBackend(t, c))
		})
	}
}

// TestServerThatReadsNothingEnds fills a listener's backlog slot that nobody
// accepts: the connection is made by the kernel and then nothing happens.
func TestServerThatReadsNothingEnds(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c := exampleConfig(t)
	c.URLs, c.Timeout = []string{"ldap://" + l.Addr().String()}, impatience
	endsAsAnOutage(t, newBackend(t, c))
}

func TestEndOfContextEndsAHang(t *testing.T) {
	for _, step := range []fakeldap.Step{
		fakeldap.Accept, fakeldap.ServiceBind, fakeldap.SearchUser, fakeldap.SearchGroups, fakeldap.UserBind,
	} {
		t.Run(string(step), func(t *testing.T) {
			t.Parallel()
			s := start(t, exampleWith(step, fakeldap.Fault{Manner: fakeldap.Silent}))
			second := start(t, fakeldap.Example())
			c := exampleConfig(t, s, second)
			c.GroupBaseDN = fakeldap.ExampleGroupBaseDN
			b := newBackend(t, c)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			time.AfterFunc(impatience, cancel)
			began := time.Now()
			id, err := b.CheckPassword(ctx, request("ada", fakeldap.ExampleUserPassword))
			if got := outcomeOf(t, id, err); got != down {
				t.Errorf("%s, %v", got, err)
			}
			if took := time.Since(began); took > impatience+slack {
				t.Errorf("it took %v", took)
			}
			if strings.Contains(err.Error(), second.URL()) || second.Counts().Connections != 0 {
				t.Errorf("the next server was asked after the end: %v", err)
			}
		})
	}
}

func TestASlowServerIsNotADeadOne(t *testing.T) {
	t.Parallel()
	s := start(t, exampleWith(fakeldap.UserBind, fakeldap.Fault{Delay: impatience}))
	id, err := ada(t, newBackend(t, exampleConfig(t, s)))
	if got := outcomeOf(t, id, err); got != accepted {
		t.Errorf("%s, %v", got, err)
	}
}
