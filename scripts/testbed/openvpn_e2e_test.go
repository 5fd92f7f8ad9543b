//go:build e2e

package testbed_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"ovpn-verify/scripts/testbed"
)

// verifyScript plays the part of the program under test, with the daemon's
// deferred contract; the password says what it does.
const verifyScript = `#!/bin/sh
PATH=/bin:/usr/bin
{ read -r user; read -r password; } < "$1"
verdict() { printf %s "$2" > "$auth_failed_reason_file"; printf %s "$1" > "$auth_control_file"; exit 2; }
case "$password" in
right|CRV1::st4te::1234|SCRV1:cmlnaHQ=:MTIzNA==) verdict 1 ;;
once) if mkdir once; then verdict 1; else verdict 0 'not again'; fi ;;
slow) sleep 1; verdict 1 ;;
challenge) verdict 0 'CRV1:R,E:st4te:YWRh:Code: please?' ;;
crtext) printf '60\ncrtext\nCR_TEXT:R,E:Enter OTP' > "$auth_pending_file"; exit 2 ;;
temp) verdict 0 'TEMP[backoff 1,advance no]: come back later' ;;
'qu"o\te') verdict 1 ;;
*) verdict 0 'wrong name or password' ;;
esac
`

func bed(t *testing.T, o testbed.ServerOptions) (*testbed.Bed, *testbed.Server) {
	t.Helper()
	b := testbed.New(t)
	o.Verify = b.Path("verify.sh")
	script(t, o.Verify, verifyScript)
	return b, b.Server(o)
}

const eventTimeout = 45 * time.Second

// next fails the test unless the client tells this kind of event.
func next(t *testing.T, c *testbed.Client, want testbed.Kind) testbed.Event {
	t.Helper()
	e, err := c.Next(eventTimeout)
	if err != nil || e.Kind != want {
		t.Fatalf("%v, error %v; want %s\n%s", e, err, want, c.Transcript())
	}
	return e
}

func login(t *testing.T, c *testbed.Client, password string, want testbed.Kind) testbed.Event {
	t.Helper()
	if err := c.Login("ada", password); err != nil {
		t.Fatal(err)
	}
	return next(t, c, want)
}

func TestLoginsOfOneClient(t *testing.T) {
	t.Parallel()
	b, server := bed(t, testbed.ServerOptions{})
	c := b.Client(server, testbed.ClientOptions{Setenv: map[string]string{"IV_SSO": "crtext"}})

	if e := login(t, c, "wrong", testbed.Refused); e.Message != "wrong name or password" {
		t.Errorf("the client saw %q", e.Message)
	}
	e := login(t, c, "challenge", testbed.Challenged)
	want := testbed.Challenge{Echo: true, Response: true, State: "st4te", User: "ada", Text: "Code: please?"}
	if *e.Challenge != want {
		t.Fatalf("challenge %+v, want %+v", *e.Challenge, want)
	}
	if err := c.Answer(e.Challenge, "1234"); err != nil {
		t.Fatal(err)
	}
	if e := next(t, c, testbed.Connected); !strings.HasPrefix(e.TunnelIP, "10.8.") || e.Took <= 0 {
		t.Errorf("%v at %q", e, e.TunnelIP)
	}
	if err := c.Restart(); err != nil {
		t.Fatal(err)
	}
	if e := login(t, c, "temp", testbed.Temporary); !strings.Contains(e.Message, "come back later") {
		t.Errorf("the client saw %q", e.Message)
	}
	if err := c.Retry(); err != nil {
		t.Fatal(err)
	}
	next(t, c, testbed.Temporary)
	login(t, c, `qu"o\te`, testbed.Connected)
	if len(server.Stalls()) < 5 {
		t.Errorf("stalls %v\n%s", server.Stalls(), server.Log())
	}
}

func TestPromptInTheConnection(t *testing.T) {
	b := testbed.New(t)
	verify, response := b.Path("verify.sh"), b.Path("response.sh")
	script(t, verify, verifyScript)
	script(t, response, `#!/bin/sh
read -r answer < "$1"
[ "$answer" = MTIzNA== ] && printf 1 > "$auth_control_file"
`)
	server := b.Server(testbed.ServerOptions{Verify: verify, Extra: []string{"client-crresponse " + response}})
	c := b.Client(server, testbed.ClientOptions{Setenv: map[string]string{"IV_SSO": "crtext"}})
	if e := login(t, c, "crtext", testbed.Prompted); e.Challenge.Text != "Enter OTP" || !e.Challenge.Echo {
		t.Errorf("prompt %+v", *e.Challenge)
	}
	if err := c.Respond("1234"); err != nil {
		t.Error(err)
	}
	next(t, c, testbed.Connected)
}

func TestClientCertificates(t *testing.T) {
	b, server := bed(t, testbed.ServerOptions{ClientCerts: true})
	files, err := b.CA.Write(b.Dir, "ada", testbed.Cert{Name: "ada.example", Client: true})
	if err != nil {
		t.Fatal(err)
	}
	login(t, b.Client(server, testbed.ClientOptions{Cert: files}), "right", testbed.Connected)
	if !strings.Contains(server.Log(), "VERIFY OK: depth=0, CN=ada.example") {
		t.Errorf("the server saw no certificate:\n%s", server.Log())
	}
}

// The stand-in is worth what it imitates: the daemon itself is asked.
func TestCallSetsWhatTheDaemonSets(t *testing.T) {
	const names = `#!/bin/sh
/usr/bin/env | /usr/bin/sed 's/=.*//' | /usr/bin/grep -vE '^(PWD|_|SHLVL|OLDPWD)$' | /usr/bin/sort
exit 1
`
	b := testbed.New(t)
	path := b.Path("names.sh")
	script(t, path, names)
	server := b.Server(testbed.ServerOptions{Verify: path})
	login(t, b.Client(server, testbed.ClientOptions{}), "any", testbed.Refused)
	r, err := testbed.Call{Binary: path, Username: "ada", Password: "any"}.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for name := range strings.Lines(r.Output) {
		if !strings.Contains(server.Log(), "\n"+name) {
			t.Errorf("the daemon does not set %q", name)
		}
	}
	if !strings.Contains(server.Log(), r.Output) {
		t.Errorf("the daemon's environment is not that of Call:\n%s\n%s", r.Output, server.Log())
	}
}

func script(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestRefusedRenegotiation(t *testing.T) {
	t.Parallel()
	b, server := bed(t, testbed.ServerOptions{Renegotiate: 5 * time.Second})
	c := b.Client(server, testbed.ClientOptions{})
	login(t, c, "once", testbed.Connected)
	if e := next(t, c, testbed.Refused); e.Message != "not again" || e.Took < 5*time.Second {
		t.Errorf("%v", e)
	}
}

func TestStaticChallengeAsNobody(t *testing.T) {
	b, server := bed(t, testbed.ServerOptions{User: "nobody"})
	c := b.Client(server, testbed.ClientOptions{StaticChallenge: "Code?", Local: "10.99.0.7"})
	if err := c.LoginStatic("ada", "right", "1234"); err != nil {
		t.Fatal(err)
	}
	next(t, c, testbed.Connected)
	if !strings.Contains(c.Transcript(), "SC:0,Code?") {
		t.Errorf("the client did not ask for a code:\n%s", c.Transcript())
	}
	if !strings.Contains(server.Log(), "10.99.0.7:") {
		t.Error("the client did not come from its own address")
	}
}

func TestPingShowsAStall(t *testing.T) {
	b, server := bed(t, testbed.ServerOptions{})
	c := b.Client(server, testbed.ClientOptions{Tunnel: true})
	login(t, c, "right", testbed.Connected)
	ping, err := c.StartPing(server)
	if err != nil {
		t.Fatal(err)
	}
	other := b.Client(server, testbed.ClientOptions{})
	if err := other.Login("bob", "slow"); err != nil {
		t.Fatal(err)
	}
	next(t, other, testbed.Connected)
	r, err := ping.Stop()
	if err != nil || r.Max() < 700*time.Millisecond || r.Lost() > 2 {
		t.Errorf("longest round trip %v, %d lost, error %v; the script stood still for 1 s", r.Max(), r.Lost(), err)
	}
	if stalls := server.Stalls(); len(stalls) != 2 || stalls[1] < time.Second {
		t.Errorf("stalls %v", stalls)
	}
}
