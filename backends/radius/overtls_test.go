package radius

import (
	"bytes"
	"crypto/tls"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"layeh.com/radius/rfc2865"

	"ovpn-verify/backends/backendtest"
	"ovpn-verify/backends/backendtest/fakeldap"
	"ovpn-verify/backends/backendtest/fakeradius"
	"ovpn-verify/backends/radius/radsec"
	"ovpn-verify/backends/tlsclient"
	"ovpn-verify/verify/primary"
)

// versions are what a server's ALPN may be: none, and one or the other.
var versions = map[string][]string{"no ALPN": nil, "RADIUS/TLS": {"radius/1.0"}, "RADIUS/1.1": {"radius/1.1", "radius/1.0"}}

var v11 = versions["RADIUS/1.1"]

// startTLS runs a server that knows alice, over TLS with a certificate for
// 127.0.0.1, and returns a configuration for it.
func startTLS(t *testing.T, opts fakeradius.Options, alpn []string) (*fakeradius.Server, Config) {
	t.Helper()
	server, trust, err := fakeldap.NewCertificate("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	server.NextProtos = alpn
	return startWith(t, opts, server, trust)
}

// startWith has the server's TLS as it is given.
func startWith(t *testing.T, opts fakeradius.Options, server *tls.Config, trust []byte) (*fakeradius.Server, Config) {
	t.Helper()
	opts.TLS = server
	if opts.Secret == "" {
		opts.Secret = radsecSecret
	}
	if opts.Users == nil {
		opts.Users = map[string]fakeradius.User{"alice": {Password: password}, "bob": {Password: password}}
	}
	s, err := fakeradius.Start(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	cfg := DefaultConfig()
	cfg.Servers, cfg.Timeout, cfg.Retries = []string{"radsec://" + s.Addr()}, 10*tick, 1
	cfg.CAFile = file(t, "ca.pem", trust)
	return s, cfg
}

func file(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// connected waits until there is a connection, by logins of bob, for tests whose
// timeouts are too short to make one on a busy machine.
func connected(t *testing.T, b *Backend) {
	t.Helper()
	eventually(t, "a connection", func() bool {
		_, err := b.CheckPassword(t.Context(), login("bob", password))
		return err == nil
	})
}

func letIn(t *testing.T, b *Backend) {
	t.Helper()
	if id, err := b.CheckPassword(t.Context(), login("alice", password)); err != nil || id.Name != "alice" {
		t.Fatalf("identity %q, error %v; want an accept", id.Name, err)
	}
}

func TestConformanceOverTLS(t *testing.T) {
	for version, alpn := range versions {
		for _, protocol := range []string{protocolPAP, protocolCHAP, protocolMSCHAP} {
			t.Run(version+"/"+protocol, func(t *testing.T) {
				s, cfg := startTLS(t, fakeradius.Options{}, alpn)
				cfg.Protocol = protocol
				backendtest.Suite{Backend: backend(t, cfg), Username: "alice", Identity: "alice", Password: password}.Run(t)
				if n := s.Connections(); n != 1 {
					t.Errorf("%d connections", n)
				}
				for _, req := range s.Requests() {
					if req.V11 != (version == "RADIUS/1.1") || !req.Valid {
						t.Fatalf("V11 %v, valid %v: %x", req.V11, req.Valid, req.Raw)
					}
				}
			})
		}
	}
}

// RFC 9765: a Token in place of Identifier and Authenticator, nothing
// obfuscated, no Message-Authenticator, the challenge of CHAP an attribute.
func TestRequestsOfBothVersions(t *testing.T) {
	for version, alpn := range versions {
		s, cfg := startTLS(t, fakeradius.Options{}, alpn)
		b := backend(t, cfg)
		for range 3 {
			letIn(t, b)
		}
		reqs := s.Requests()
		if reqs[0].Attributes.Get(rfc2865.NASIPAddress_Type) == nil || reqs[0].Password != password {
			t.Errorf("%s: %+v", version, reqs[0].Attributes)
		}
		clear := bytes.Contains(reqs[0].Raw, []byte(password))
		if version != "RADIUS/1.1" {
			if clear || reqs[0].Raw[20] != 80 || reqs[0].Identifier == 0 || reqs[0].Identifier == reqs[1].Identifier {
				t.Errorf("%s: %x", version, reqs[0].Raw)
			}
			continue
		}
		if !clear || bytes.Equal(reqs[0].Raw[4:8], reqs[1].Raw[4:8]) || reqs[0].Raw[4] == 0 && reqs[0].Raw[5] == 0 {
			t.Errorf("%s: %x", version, reqs[0].Raw)
		}
	}
}

// RFC 9765 section 3.4: without TLS 1.3 it is not to be believed.
func TestRADIUS11NeedsTLS13(t *testing.T) {
	server, trust, err := fakeldap.NewCertificate("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	server.NextProtos, server.MaxVersion = v11, tls.VersionTLS12
	s, cfg := startWith(t, fakeradius.Options{AcceptAll: true}, server, trust)
	id, err := backend(t, cfg).CheckPassword(t.Context(), login("alice", password))
	if outage(t, id, err); !strings.Contains(err.Error(), "without TLS 1.3") || len(s.Requests()) > 0 {
		t.Errorf("%d requests, %v", len(s.Requests()), err)
	}
	server.NextProtos = nil
	_, cfg = startWith(t, fakeradius.Options{}, server, trust)
	letIn(t, backend(t, cfg))
}

func TestChallengeOverTLS(t *testing.T) {
	for version, alpn := range versions {
		s, cfg := startTLS(t, fakeradius.Options{Users: map[string]fakeradius.User{"carol": carol}}, alpn)
		b := backend(t, cfg)
		_, err := b.CheckPassword(t.Context(), login("carol", password))
		c := asked(t, err)
		if _, err := b.AnswerChallenge(t.Context(), login("carol", "13579"), c.State); !errors.Is(err, primary.ErrRefused) {
			t.Errorf("%s: %v; want a refusal", version, err)
		}
		_, err = b.AnswerChallenge(t.Context(), login("carol", "246810"), c.State)
		if c = asked(t, err); c.Prompt != "And the PIN" || !bytes.Equal(s.Requests()[2].State, longState) {
			t.Errorf("%s: prompt %q", version, c.Prompt)
		}
	}
}

// Nothing is sent to a server that is not the right one.
func TestCertificateOfTheServer(t *testing.T) {
	good, trust, err := fakeldap.NewCertificate("127.0.0.1")
	_, strangers, err2 := fakeldap.NewCertificate("127.0.0.1")
	named, namedTrust, err3 := fakeldap.NewCertificate("radius1.example.org")
	old, oldTrust, err4 := fakeldap.NewCertificateUntil(time.Now().Add(-48*time.Hour), "127.0.0.1")
	if err := errors.Join(err, err2, err3, err4); err != nil {
		t.Fatal(err)
	}
	right := func(*Config) {}
	for name, c := range map[string]struct {
		server *tls.Config
		trust  []byte
		change func(*Config)
		want   string // "": accepted
	}{
		"right":                 {good, trust, right, ""},
		"another CA":            {good, strangers, right, `put the certificate of "CN=fakeldap" into radius.ca_file`},
		"expired":               {old, oldTrust, right, "renew the certificate"},
		"another name":          {named, namedTrust, right, `names: ["radius1.example.org"]; use one of these names in radius.servers, or set radius.server_name`},
		"server_name":           {named, namedTrust, func(c *Config) { c.ServerName = "radius1.example.org" }, ""},
		"another pin":           {good, trust, func(c *Config) { c.SPKIPins = []string{"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="} }, "radius.spki_pins"},
		"unverified":            {old, strangers, func(c *Config) { c.InsecureSkipVerify = true }, ""},
		"older than min":        {&tls.Config{Certificates: good.Certificates, MaxVersion: tls.VersionTLS12}, trust, func(c *Config) { c.MinTLSVersion = "1.3" }, "protocol version"},
		"the system's own ones": {good, trust, func(c *Config) { c.CAFile = "" }, "radius.ca_file"},
	} {
		s, cfg := startWith(t, fakeradius.Options{AcceptAll: true}, c.server, c.trust)
		cfg.Timeout = 50 * tick
		c.change(&cfg)
		id, err := backend(t, cfg).CheckPassword(t.Context(), login("alice", password))
		if c.want == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if outage(t, id, err); !strings.Contains(err.Error(), c.want) || len(s.Requests()) > 0 {
			t.Errorf("%s: %d requests, %v", name, len(s.Requests()), err)
		}
	}
}

func TestSecretOverTLS(t *testing.T) {
	t.Parallel()
	_, cfg := startTLS(t, fakeradius.Options{Secret: sharedSecret}, nil)
	wrong := cfg
	wrong.Timeout = 2 * tick
	id, err := backend(t, wrong).CheckPassword(t.Context(), login("alice", password))
	outage(t, id, err)
	cfg.RadSecSecretFile = file(t, "radsec.secret", []byte(sharedSecret))
	letIn(t, backend(t, cfg))
}

// linkWith changes what the options of the only server's connections are.
func linkWith(t *testing.T, cfg Config, idle time.Duration) *Backend {
	t.Helper()
	b := backend(t, cfg)
	client, err := tlsclient.New(cfg.tls())
	if err != nil {
		t.Fatal(err)
	}
	o := b.linkOptions(b.servers[0], client)
	o.Idle = idle
	b.links[b.servers[0]] = radsec.New(o)
	return b
}
