package radius

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"layeh.com/radius/rfc2865"
	"layeh.com/radius/rfc3162"

	"ovpn-verify/backends/backendtest"
	"ovpn-verify/backends/backendtest/fakeradius"
	"ovpn-verify/verify/primary"
	"ovpn-verify/verify/secret"
	"ovpn-verify/verify/trace"
)

const (
	sharedSecret = "shared-secret-of-the-test"
	password     = "correct horse"
	tick         = 100 * time.Millisecond
)

// start runs a server that knows alice.
func start(t *testing.T, opts fakeradius.Options) *fakeradius.Server {
	t.Helper()
	opts.Secret = sharedSecret
	if opts.Users == nil {
		opts.Users = map[string]fakeradius.User{"alice": {Password: password}}
	}
	s, err := fakeradius.Start(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// dead is the address of a port where nothing listens.
func dead(t *testing.T) string {
	s := start(t, fakeradius.Options{})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return s.Addr()
}

// config waits long enough for a right answer on a busy machine.
func config(t *testing.T, servers ...string) Config {
	t.Helper()
	cfg := DefaultConfig()
	cfg.Servers, cfg.Timeout, cfg.Retries = servers, 10*tick, 1
	cfg.SecretFile = filepath.Join(t.TempDir(), "radius.secret")
	if err := os.WriteFile(cfg.SecretFile, []byte(sharedSecret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return cfg
}

// impatient is for servers that give no right answer: two tries of one tick.
func impatient(t *testing.T, servers ...string) Config {
	cfg := config(t, servers...)
	cfg.Timeout = tick
	return cfg
}

func backend(t *testing.T, cfg Config) *Backend {
	t.Helper()
	b, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func login(user, password string) *primary.Request {
	return &primary.Request{Username: user, Password: secret.FromString(password), LoginID: "test"}
}

// outage fails the test unless nothing was decided.
func outage(t *testing.T, id primary.Identity, err error) {
	t.Helper()
	if err == nil || decided(err) || id.Name != "" || id.Attributes != nil {
		t.Fatalf("identity %v, error %v; want an outage", id, err)
	}
}

func TestConformance(t *testing.T) {
	s := start(t, fakeradius.Options{})
	backendtest.Suite{Backend: backend(t, config(t, s.Addr())), Username: "alice", Identity: "alice", Password: password}.Run(t)
}

// What User-Password and User-Name cannot carry does not reach the network.
func TestUnfitFieldsAreRefusedUnasked(t *testing.T) {
	s := start(t, fakeradius.Options{AcceptAll: true})
	b := backend(t, config(t, s.Addr()))
	for name, req := range map[string]*primary.Request{
		"empty password":      login("alice", ""),
		"trailing NUL":        login("alice", password+"\x00"),
		"password of 129":     login("alice", strings.Repeat("p", 129)),
		"empty name":          login("", password),
		"name of 254":         login(strings.Repeat("n", 254), password),
		"NUL in the name":     login("alice\x00", password),
		"newline in the name": login("alice\n", password),
		"name not UTF-8":      login("alice\xff", password),
	} {
		if _, err := b.CheckPassword(t.Context(), req); !errors.Is(err, primary.ErrRefused) {
			t.Errorf("%s: CheckPassword: %v; want a refusal", name, err)
		}
		state := pending{server: s.Addr(), username: req.Username}.encode()
		if _, err := b.AnswerChallenge(t.Context(), req, state); !errors.Is(err, primary.ErrRefused) {
			t.Errorf("%s: AnswerChallenge: %v; want a refusal", name, err)
		}
	}
	if n := len(s.Requests()); n != 0 {
		t.Errorf("%d requests reached the server", n)
	}
}

func TestPasswordLengthsArriveWhole(t *testing.T) {
	s := start(t, fakeradius.Options{AcceptAll: true})
	b := backend(t, config(t, s.Addr()))
	lengths := []int{1, 15, 16, 17, 32, 127, 128}
	for _, n := range lengths {
		if _, err := b.CheckPassword(t.Context(), login(strings.Repeat("n", 253), strings.Repeat("ü", n)[:n])); err != nil {
			t.Fatalf("%d bytes: %v", n, err)
		}
	}
	for i, req := range s.Requests() {
		if want := strings.Repeat("ü", lengths[i])[:lengths[i]]; req.Password != want {
			t.Errorf("%d bytes arrived as %q", lengths[i], req.Password)
		}
	}
}

func TestBackendHoldsNoPrintableSecret(t *testing.T) {
	b := backend(t, config(t, "127.0.0.1:1"))
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		if printed := fmt.Sprintf(verb, b) + fmt.Sprintf(verb, *b); strings.Contains(printed, sharedSecret) ||
			strings.Contains(printed, fmt.Sprintf("%x", sharedSecret)) {
			t.Errorf("%s shows the secret", verb)
		}
	}
}

func TestStepsNameServerAndResult(t *testing.T) {
	s, none := start(t, fakeradius.Options{}), dead(t)
	var tr trace.Trace
	var steps []trace.Step
	tr.OnStep = func(s trace.Step) { steps = append(steps, s) }
	b := backend(t, config(t, none, s.Addr()))
	if _, err := b.CheckPassword(trace.With(t.Context(), &tr), login("alice", "wrong")); !errors.Is(err, primary.ErrRefused) {
		t.Fatal(err)
	}
	if len(steps) != 2 || steps[0].Server != none || steps[1].Server != s.Addr() || steps[1].Name != "Access-Request" {
		t.Fatalf("steps %+v", steps)
	}
	if steps[0].Err == nil || errors.Is(steps[0].Err, primary.ErrRefused) || !errors.Is(steps[1].Err, primary.ErrRefused) {
		t.Errorf("results %v and %v", steps[0].Err, steps[1].Err)
	}
}

func TestServersOnIPv6(t *testing.T) {
	if l, err := net.ListenPacket("udp", "[::1]:0"); err != nil {
		t.Logf("no IPv6 on this host: %v", err)
		return
	} else if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	s := start(t, fakeradius.Options{Addr: "[::1]:0"})
	if _, err := backend(t, config(t, s.Addr())).CheckPassword(t.Context(), login("alice", password)); err != nil {
		t.Fatal(err)
	}
	got := s.Requests()[0].Attributes
	if _, v4 := got.Lookup(rfc2865.NASIPAddress_Type); v4 || !bytes.Equal(got.Get(rfc3162.NASIPv6Address_Type), net.IPv6loopback) {
		t.Errorf("our address is not in %v", got)
	}
}
