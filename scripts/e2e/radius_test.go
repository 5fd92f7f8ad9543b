//go:build e2e

package e2e_test

import (
	"errors"
	"regexp"
	"testing"
	"time"

	"ovpn-verify/backends/backendtest/fakeradius"
	"ovpn-verify/scripts/testbed"
)

// FreeRADIUS takes part in CHAP and MS-CHAPv2; its proof of the password, in
// the latter, is the one that we have to agree with.
func TestRADIUSProtocols(t *testing.T) {
	for _, protocol := range []string{"chap", "mschapv2"} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			server := w.Radius(testbed.RadiusOptions{})
			w.configure(radiusSection(server.Addr) + "protocol = \"" + protocol + "\"\nattributes = [\"NAS-Port=1194\"]\n")
			w.passwords("ada", "lovelace-1815")
			// FreeRADIUS logs NAS-Port and Calling-Station-Id.
			if log := server.Log(); !regexp.MustCompile(`Login OK: \[ada\] \(from client loopback port 1194 cli 10\.`).MatchString(log) {
				t.Errorf("the server's log:\n%s", log)
			}
			if protocol == "mschapv2" {
				w.logged(`user=ada .*verdict=refused .*cause=".*MS-CHAP-Error 691, wrong user name or password`)
			}
		})
	}
}

// The fake accepts everybody and proves the password that it knows.
func TestRADIUSAcceptWithoutProofOfThePassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.configure(radiusSection(w.fakeRADIUS(fakeradius.Options{
		Secret: testbed.RadiusSecret, AcceptAll: true,
		Users: map[string]fakeradius.User{"ada": {Password: "lovelace-1815"}},
	})) + "protocol = \"mschapv2\"\n")
	c := w.Client(w.serve(testbed.ServerOptions{}), testbed.ClientOptions{})
	w.want(w.attempt(c, "ada", "another-password"), testbed.Refused, refusedText)
	w.logged(`verdict=refused .*cause=".*does not prove the password`)
	w.want(w.attempt(c, "ada", "lovelace-1815"), testbed.Connected, "")
}

// The password ends in digits, so that FreeRADIUS can play a server that wants
// password and code in one.
func TestRADIUSPasswordAndCodeInOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.configure(radiusSection(w.Radius(testbed.RadiusOptions{}).Addr) + "password_format = \"{password}{code}\"\n")
	c := w.Client(w.serve(testbed.ServerOptions{}), testbed.ClientOptions{StaticChallenge: "Code", Echo: true})
	w.want(w.attempt(c, "ada", testbed.Static("lovelace-", "1816")), testbed.Refused, refusedText)
	w.want(w.attempt(c, "ada", testbed.Static("lovelace-", "1815")), testbed.Connected, "")
}

// What a server says reaches the user, but nothing that the client would act upon.
func TestRADIUSReplyMessageIsShown(t *testing.T) {
	for message, shown := range map[string]string{
		"Your account is locked,\r\ncall 112.":     "Your account is locked,  call 112.",
		"CRV1:R,E:c3RhdGU:YWRh:Your bank's PIN?":   "Login refused: CRV1 R,E:c3RhdGU:YWRh:Your bank's PIN?",
		"TEMP[backoff 1,advance no]:try once more": "Login refused: TEMP[backoff 1,advance no]:try once more",
	} {
		t.Run(shown, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.configure(radiusSection(w.fakeRADIUS(fakeradius.Options{Secret: testbed.RadiusSecret, Reject: message})) + "show_reply_message = true\n")
			c := w.Client(w.serve(testbed.ServerOptions{}), testbed.ClientOptions{})
			w.want(w.attempt(c, "ada", "some password"), testbed.Refused, shown)
		})
	}
}

// The first server is frozen and the third refuses: one login pays the first
// one's timeout, and when it is there again it is asked first again.
func TestRADIUSServersDown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	frozen, good, dead := w.Radius(testbed.RadiusOptions{}), w.Radius(testbed.RadiusOptions{}), w.Radius(testbed.RadiusOptions{})
	if err := errors.Join(dead.Stop(), frozen.Pause()); err != nil {
		t.Fatal(err)
	}
	w.configure(radiusSection(frozen.Addr, dead.Addr, good.Addr))
	s := w.serve(testbed.ServerOptions{})
	login := func() {
		t.Helper()
		c := w.Client(s, testbed.ClientOptions{})
		w.want(w.attempt(c, "ada", "lovelace-1815"), testbed.Connected, "")
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	}
	login()
	w.logged(`server=` + good.Addr + ` .*verdict=accepted reason="" ms=1[0-9]{3}( |$)`) // two tries of 500 ms, and what a busy machine takes
	login()
	w.logged(`server=` + good.Addr + ` .*verdict=accepted reason="" ms=[1-4]?[0-9]{1,2}( |$)`) // not one try
	if err := frozen.Resume(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(6 * time.Second) // until a login probes again
	login()
	login()
	w.logged(`server=` + frozen.Addr + ` .*verdict=accepted`)
}

// The server has the request and is silent: it may have rung the user's phone, so
// the client is not told to try again by itself.
func TestRADIUSOutageAfterAPush(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	silent := fakeradius.Options{Secret: testbed.RadiusSecret, Answers: []fakeradius.Kind{fakeradius.Silent}}
	w.configure(radiusSection(w.fakeRADIUS(silent)) + "push = true\n")
	c := w.Client(w.serve(testbed.ServerOptions{}), testbed.ClientOptions{})
	w.want(w.attempt(c, "ada", "lovelace-1815"), testbed.Refused, unreachedText)
	w.logged(`factor=unknown verdict=unavailable .*radius.push`)
}

// The answers of a server that is not updated yet are taken where it is named.
func TestRADIUSServerExceptedFromMessageAuthenticator(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.Radius(testbed.RadiusOptions{NoMessageAuthenticator: true})
	w.configure(radiusSection(old.Addr) + "insecure_no_message_authenticator = [\"" + old.Addr + "\"]\n")
	w.passwords("ada", "lovelace-1815")
	w.logged(`radius.insecure_no_message_authenticator`)
}
