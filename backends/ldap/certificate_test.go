package ldap

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"ovpn-verify/backends/backendtest/fakeldap"
	"ovpn-verify/backends/tlsclient"
)

// ldapsConfig fits the example directory behind a certificate.
func ldapsConfig(t *testing.T, certificate *tls.Config, trust []byte) Config {
	t.Helper()
	o := fakeldap.Example()
	o.TLS, o.LDAPS = certificate, true
	c := exampleConfig(t, start(t, o))
	c.CAFile = writeFile(t, "ca.pem", trust)
	return c
}

func pinned(t *testing.T, trust []byte) string {
	t.Helper()
	block, _ := pem.Decode(trust)
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return tlsclient.PinOf(certificate)
}

func TestAFailedVerificationSaysWhatToDo(t *testing.T) {
	t.Parallel()
	good, trust := newCertificate(t, "dc1.example.org", "127.0.0.1")
	_, strangers := newCertificate(t)
	old, oldTrust, err := fakeldap.NewCertificateUntil(time.Now().Add(-48*time.Hour), "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	expiry := time.Now().Add(time.Hour).UTC().Format(time.DateOnly)
	for name, c := range map[string]struct {
		config Config
		name   string
		want   []string
	}{
		"another CA":   {ldapsConfig(t, good, strangers), "", []string{`put the certificate of "CN=fakeldap" into ldap.ca_file`, `"CN=fakeldap" by "CN=fakeldap" until ` + expiry, `names: ["dc1.example.org" "127.0.0.1"]`}},
		"another name": {ldapsConfig(t, good, trust), "dc2.example.org", []string{`wanted: "dc2.example.org"`, `names: ["dc1.example.org" "127.0.0.1"]`, "or set ldap.server_name"}},
		"expired":      {ldapsConfig(t, old, oldTrust), "", []string{"has expired", "renew the certificate"}},
	} {
		c.config.ServerName = c.name
		id, err := ada(t, newBackend(t, c.config))
		if outcomeOf(t, id, err) != down {
			t.Fatalf("%s: %v", name, err)
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: no %q in: %v", name, want, err)
			}
		}
	}
}

func TestServerNameVersionAndPins(t *testing.T) {
	t.Parallel()
	good, trust := newCertificate(t, "dc1.example.org")
	_, strangers := newCertificate(t)
	older := good.Clone()
	older.MaxVersion = tls.VersionTLS12
	pin, other := pinned(t, trust), pinned(t, strangers)
	for name, c := range map[string]struct {
		server *tls.Config
		change func(*Config)
		want   outcome
		text   string
	}{
		"server name":          {good, func(*Config) {}, accepted, ""},
		"the URL's host":       {good, func(c *Config) { c.ServerName = "" }, down, "ldap.server_name"},
		"TLS 1.3":              {good, func(c *Config) { c.MinTLSVersion = "1.3" }, accepted, ""},
		"TLS 1.2 is too old":   {older, func(c *Config) { c.MinTLSVersion = "1.3" }, down, "protocol version"},
		"TLS 1.2":              {older, func(*Config) {}, accepted, ""},
		"pinned":               {good, func(c *Config) { c.SPKIPins = []string{other, pin} }, accepted, ""},
		"another is pinned":    {good, func(c *Config) { c.SPKIPins = []string{other} }, down, pin},
		"pinned and not ours":  {good, func(c *Config) { c.SPKIPins, c.CAFile = []string{pin}, writeFile(t, "x.pem", strangers) }, down, "unknown authority"},
		"pinned, unverified":   {good, func(c *Config) { c.SPKIPins, c.InsecureSkipVerify = []string{pin}, true }, accepted, ""},
		"another, unverified":  {good, func(c *Config) { c.SPKIPins, c.InsecureSkipVerify = []string{other}, true }, down, "ldap.spki_pins"},
		"sent along, not used": {withExtra(good, strangers), func(c *Config) { c.SPKIPins, c.InsecureSkipVerify = []string{other}, true }, down, "ldap.spki_pins"},
		"sent along, verified": {withExtra(good, strangers), func(c *Config) { c.SPKIPins = []string{other} }, down, "ldap.spki_pins"},
	} {
		config := ldapsConfig(t, c.server, trust)
		config.ServerName = "dc1.example.org"
		c.change(&config)
		id, err := ada(t, newBackend(t, config))
		if got := outcomeOf(t, id, err); got != c.want || err != nil && !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
}

// withExtra has the server send another certificate along, which proves nothing.
func withExtra(server *tls.Config, extra []byte) *tls.Config {
	block, _ := pem.Decode(extra)
	c := server.Clone()
	own := server.Certificates[0]
	own.Certificate = append(append([][]byte(nil), own.Certificate...), block.Bytes)
	c.Certificates = []tls.Certificate{own}
	return c
}

func TestClientCertificate(t *testing.T) {
	t.Parallel()
	server, trust := newCertificate(t)
	ours, oursPEM := newCertificate(t, "vpn.example.org")
	key, err := x509.MarshalPKCS8PrivateKey(ours.Certificates[0].PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	server.ClientAuth, server.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
	server.ClientCAs.AppendCertsFromPEM(oursPEM)
	c := ldapsConfig(t, server, trust)
	if id, err := ada(t, newBackend(t, c)); outcomeOf(t, id, err) != down {
		t.Errorf("without a certificate: %v", err)
	}
	c.ClientCertFile = writeFile(t, "client.pem", oursPEM)
	c.ClientKeyFile = writeFile(t, "client.key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))
	if id, err := ada(t, newBackend(t, c)); outcomeOf(t, id, err) != accepted {
		t.Errorf("with it: %v", err)
	}
	c.ClientCertFile = c.CAFile
	if _, err := New(c); err == nil || !strings.Contains(err.Error(), "do not go together") {
		t.Errorf("another's key: %v", err)
	}
}

func TestFaultsOfTLS(t *testing.T) {
	for want, change := range map[string]func(*Config){
		`ldap.min_tls_version must be "1.2" or "1.3", not "1.1"`:                                        func(c *Config) { c.MinTLSVersion = "1.1" },
		"ldap.client_cert_file must be named together with ldap.client_key_file, not one of them alone": func(c *Config) { c.ClientKeyFile = "/k" },
		`ldap.spki_pins must be SHA-256 hashes of public keys in base64, not "AAAA"`:                    func(c *Config) { c.SPKIPins = []string{"AAAA"} },
		`ldap.spki_pins must be SHA-256 hashes of public keys in base64, not "sha256/"`:                 func(c *Config) { c.SPKIPins = []string{"sha256/"} },
	} {
		c := validConfig()
		change(&c)
		if err := c.Validate(); err == nil || err.Error() != want {
			t.Errorf("%v\nwant %s", err, want)
		}
	}
}
