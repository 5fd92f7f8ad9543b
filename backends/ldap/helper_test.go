package ldap

import (
	"context"
	"crypto/tls"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"ovpn-verify/backends/backendtest/fakeldap"
	"ovpn-verify/verify/primary"
	"ovpn-verify/verify/secret"
	"ovpn-verify/verify/trace"
)

// impatience is the timeout of tests that wait for it to pass.
const impatience = 120 * time.Millisecond

// slack is what an end may come late, on a busy machine.
const slack = 1500 * time.Millisecond

func start(t *testing.T, o fakeldap.Options) *fakeldap.Server {
	t.Helper()
	s, err := fakeldap.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// exampleWith is the example directory with one fault.
func exampleWith(step fakeldap.Step, f fakeldap.Fault) fakeldap.Options {
	o := fakeldap.Example()
	o.Faults = map[fakeldap.Step]fakeldap.Fault{step: f}
	return o
}

func newCertificate(t *testing.T, hosts ...string) (server *tls.Config, trust []byte) {
	t.Helper()
	server, trust, err := fakeldap.NewCertificate(hosts...)
	if err != nil {
		t.Fatal(err)
	}
	return server, trust
}

func writeFile(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// exampleConfig fits the example directory on these servers.
func exampleConfig(t *testing.T, servers ...*fakeldap.Server) Config {
	t.Helper()
	c := DefaultConfig()
	for _, s := range servers {
		c.URLs = append(c.URLs, s.URL())
	}
	c.BindDN = fakeldap.ExampleServiceDN
	c.BindPasswordFile = writeFile(t, "ldap.secret", []byte(fakeldap.ExampleServicePassword+"\n"))
	c.BaseDN = fakeldap.ExampleBaseDN
	return c
}

func newBackend(t *testing.T, c Config) *Backend {
	t.Helper()
	b, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func request(user, password string) *primary.Request {
	return &primary.Request{Username: user, Password: secret.FromString(password), LoginID: "test"}
}

func login(t *testing.T, b *Backend, user, password string) (primary.Identity, error) {
	t.Helper()
	return b.CheckPassword(t.Context(), request(user, password))
}

// ada logs in with the right password.
func ada(t *testing.T, b *Backend) (primary.Identity, error) {
	t.Helper()
	return login(t, b, "ada", fakeldap.ExampleUserPassword)
}

type outcome string

const (
	accepted outcome = "accepted"
	refused  outcome = "refused"
	down     outcome = "outage"
)

// outcomeOf also holds that nothing but an acceptance comes with an identity.
func outcomeOf(t *testing.T, id primary.Identity, err error) outcome {
	t.Helper()
	if err != nil && (id.Name != "" || id.Groups != nil || id.Attributes != nil) {
		t.Errorf("an error came with the identity %+v: %v", id, err)
	}
	switch {
	case err == nil && id.Name == "":
		t.Error("accepted without a name")
		return accepted
	case err == nil:
		return accepted
	case errors.Is(err, primary.ErrRefused):
		return refused
	}
	return down
}

// stepsOf returns what is traced during f.
func stepsOf(ctx context.Context, f func(context.Context)) []trace.Step {
	var mu sync.Mutex
	var steps []trace.Step
	f(trace.With(ctx, &trace.Trace{OnStep: func(s trace.Step) {
		mu.Lock()
		defer mu.Unlock()
		steps = append(steps, s)
	}}))
	return steps
}

func except[T comparable](all []T, unwanted ...T) []T {
	return slices.DeleteFunc(slices.Clone(all), func(x T) bool { return slices.Contains(unwanted, x) })
}
