package ldap

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"ovpn-verify/backends/backendtest/fakeldap"
	"ovpn-verify/verify/primary"
)

// TestResultOfTheUsersBind goes through every code of RFC 4511 section 4.1.9
// and some beyond. The right password is used: the code alone decides.
func TestResultOfTheUsersBind(t *testing.T) {
	t.Parallel()
	outages := map[uint16]bool{
		1: true, 2: true, 3: true, 7: true, 8: true, 10: true, 11: true, 12: true, 13: true, 14: true,
		51: true, 52: true, 54: true, 71: true, 80: true,
		200: true, 206: true, 256: true, 4096: true,
	}
	codes := []uint16{123, 127, 128, 200, 206, 256, 4096}
	for c := range uint16(82) {
		codes = append(codes, c+1)
	}
	s := start(t, fakeldap.Example())
	second := start(t, fakeldap.Example())
	b := newBackend(t, exampleConfig(t, s))
	both := newBackend(t, exampleConfig(t, s, second))
	for _, code := range codes {
		s.Misbehave(fakeldap.UserBind, fakeldap.Fault{Code: code})
		want := refused
		if outages[code] {
			want = down
		}
		id, err := ada(t, b)
		if got := outcomeOf(t, id, err); got != want {
			t.Errorf("%d: %s, want %s: %v", code, got, want, err)
		}
	}
	s.Misbehave(fakeldap.UserBind, fakeldap.Fault{Code: 49})
	if id, err := ada(t, both); outcomeOf(t, id, err) != refused {
		t.Errorf("%v", err)
	}
	if n := second.Counts(); n.Connections != 0 {
		t.Error("the second server was asked after a refusal")
	}
}

func TestAnOutageGoesOnToTheNextServer(t *testing.T) {
	for name, o := range map[string]fakeldap.Options{
		"connection closed":               exampleWith(fakeldap.Accept, fakeldap.Fault{Manner: fakeldap.Close}),
		"busy at the service bind":        exampleWith(fakeldap.ServiceBind, fakeldap.Fault{Code: 51}),
		"unavailable at the service bind": exampleWith(fakeldap.ServiceBind, fakeldap.Fault{Code: 52}),
		"unwilling at the service bind":   exampleWith(fakeldap.ServiceBind, fakeldap.Fault{Code: 53}),
		"service account refused":         exampleWith(fakeldap.ServiceBind, fakeldap.Fault{Code: 49}),
		"search not allowed":              exampleWith(fakeldap.SearchUser, fakeldap.Fault{Code: 50}),
		"no such base":                    exampleWith(fakeldap.SearchUser, fakeldap.Fault{Code: 32}),
		"search referred elsewhere":       exampleWith(fakeldap.SearchUser, fakeldap.Fault{Code: 10}),
		"busy at the user's bind":         exampleWith(fakeldap.UserBind, fakeldap.Fault{Code: 51}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first, second := start(t, o), start(t, fakeldap.Example())
			id, err := ada(t, newBackend(t, exampleConfig(t, first, second)))
			if got := outcomeOf(t, id, err); got != accepted {
				t.Errorf("%s, %v", got, err)
			}
			if first.Counts().Connections == 0 {
				t.Error("the first server was not asked")
			}
			id, err = ada(t, newBackend(t, exampleConfig(t, first)))
			if got := outcomeOf(t, id, err); got != down {
				t.Errorf("alone: %s, %v", got, err)
			}
		})
	}
}

func TestAnOutageNamesEveryServer(t *testing.T) {
	t.Parallel()
	first := start(t, exampleWith(fakeldap.ServiceBind, fakeldap.Fault{Code: 49, Diagnostic: "80090308: data 52e"}))
	second := start(t, exampleWith(fakeldap.SearchUser, fakeldap.Fault{Code: 32}))
	gone := start(t, fakeldap.Example())
	c := exampleConfig(t, first, second, gone)
	gone.Close()
	_, err := ada(t, newBackend(t, c))
	want := fmt.Sprintf("ldap: %s: bind service account: as %q: Invalid Credentials (49): %q; "+
		"%s: search user: \"(uid=ada)\" below %q: No Such Object (32); %s: connect: ",
		first.URL(), fakeldap.ExampleServiceDN, "80090308: data 52e",
		second.URL(), fakeldap.ExampleBaseDN, gone.URL())
	if err == nil || !strings.HasPrefix(err.Error(), want) || errors.Is(err, primary.ErrRefused) {
		t.Errorf("%v\nwant %s", err, want)
	}
}

func TestARefusalNamesItsCause(t *testing.T) {
	t.Parallel()
	s := start(t, exampleWith(fakeldap.UserBind, fakeldap.Fault{Diagnostic: "sorry"}))
	b := newBackend(t, exampleConfig(t, s))
	_, err := login(t, b, "ada", "wrong horse")
	want := fmt.Sprintf("ldap: %s: bind user: refused: as %q: Invalid Credentials (49): \"sorry\"", s.URL(), fakeldap.ExampleUserDN)
	if err == nil || err.Error() != want {
		t.Errorf("%v\nwant %s", err, want)
	}
}

func TestAServerThatEchoesThePasswordIsNotQuoted(t *testing.T) {
	t.Parallel()
	for _, code := range []uint16{49, 52, 300} {
		f := fakeldap.Fault{Code: code, Diagnostic: strings.Repeat("!", 250) + "I know correct horse by heart"}
		b := newBackend(t, exampleConfig(t, start(t, exampleWith(fakeldap.UserBind, f))))
		if _, err := ada(t, b); err == nil || strings.Contains(err.Error(), fakeldap.ExampleUserPassword) {
			t.Errorf("%d: %v", code, err)
		}
	}
}

func TestAnonymousSearchSendsTheUsersBindAlone(t *testing.T) {
	t.Parallel()
	o := fakeldap.Example()
	o.ServiceDN = ""
	s := start(t, o)
	c := exampleConfig(t, s)
	c.BindDN, c.BindPasswordFile = "", ""
	id, err := ada(t, newBackend(t, c))
	if got := outcomeOf(t, id, err); got != accepted {
		t.Errorf("%s, %v", got, err)
	}
	if n := s.Counts(); len(n.Binds) != 1 || n.Binds[0] != fakeldap.ExampleUserDN {
		t.Errorf("binds %q", n.Binds)
	}
}

func TestOnlyTheProperAnswerIsASuccess(t *testing.T) {
	good := "\x30\x0c\x02\x01\x03\x61\x07\x0a\x01\x00\x04\x00\x04\x00"
	// Active Directory writes every length in the long form.
	long := "\x30\x84\x00\x00\x00\x10\x02\x01\x03\x61\x84\x00\x00\x00\x07\x0a\x01\x00\x04\x00\x04\x00"
	for _, ok := range []string{good, long} {
		if err := checkBindSuccess([]byte(ok)); err != nil {
			t.Errorf("%x: %v", ok, err)
		}
	}
	for name, bad := range map[string]string{
		"nothing":               "",
		"cut short":             good[:len(good)-1],
		"with a tail":           good + "\x00",
		"two of them":           good + good,
		"code 49":               "\x30\x0c\x02\x01\x03\x61\x07\x0a\x01\x31\x04\x00\x04\x00",
		"code without content":  "\x30\x0b\x02\x01\x03\x61\x06\x0a\x00\x04\x00\x04\x00",
		"code of two octets":    "\x30\x0d\x02\x01\x03\x61\x08\x0a\x02\x00\x00\x04\x00\x04\x00",
		"code as an INTEGER":    "\x30\x0c\x02\x01\x03\x61\x07\x02\x01\x00\x04\x00\x04\x00",
		"another operation":     "\x30\x0c\x02\x01\x03\x65\x07\x0a\x01\x00\x04\x00\x04\x00",
		"no LDAP result":        "\x30\x08\x02\x01\x03\x61\x03\x0a\x01\x00",
		"no operation":          "\x30\x03\x02\x01\x03",
		"operation of no class": "\x30\x0c\x02\x01\x03\x21\x07\x0a\x01\x00\x04\x00\x04\x00",
	} {
		if err := checkBindSuccess([]byte(bad)); err == nil {
			t.Errorf("%s counts as success", name)
		}
	}
}
