package main

import (
	"crypto/tls"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ovpn-verify/backends/backendtest/fakeldap"
	"ovpn-verify/backends/backendtest/fakeradius"
)

// servers are those that a set-up's host asks.
type servers struct{ ldap, radius string } // a URL, and host:port

// servers starts them. The line says what is special: `off=-3m`, the directory's clock,
// until somebody sets this host's; `tls`, a certificate for 127.0.0.1, or of `name=`.
// The certificate is in authority.pem, and another one in other.pem.
func (s *setup) servers(t *testing.T, line string) servers {
	t.Helper()
	o := fakeldap.Example()
	o.NamingContexts = []string{fakeldap.ExampleBaseDN}
	var off time.Duration
	name := "127.0.0.1"
	for word := range strings.FieldsSeq(line) {
		switch key, value, _ := strings.Cut(word, "="); key {
		case "off":
			off, _ = time.ParseDuration(value)
		case "tls":
			o.LDAPS = true
		case "name":
			name = value
		default:
			t.Fatalf("what is %q?", word)
		}
	}
	o.Now = func() time.Time {
		if _, err := os.Stat(filepath.Join(s.dir, "clock.set")); err == nil {
			return time.Now()
		}
		return time.Now().Add(off)
	}
	if o.LDAPS {
		o.TLS = s.certificates(t, name)
	}
	directory, err := fakeldap.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { directory.Close() })
	radius, err := fakeradius.Start(fakeradius.Options{Secret: "the secret that both sides know", Status: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { radius.Close() })
	return servers{directory.URL(), radius.Addr()}
}

func (s *setup) certificates(t *testing.T, name string) *tls.Config {
	t.Helper()
	config, authority, err := fakeldap.NewCertificate(name)
	_, other, err2 := fakeldap.NewCertificate(name)
	if err = errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	s.files["authority.pem"], s.files["other.pem"] = string(authority), string(other)
	return config
}

// openvpnsCertificate is its own authority.
func (s *setup) openvpnsCertificate(t *testing.T) {
	t.Helper()
	_, certificate, err := fakeldap.NewCertificate("server")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ca.pem", "server.pem", "server.key"} {
		s.files[name] = string(certificate)
	}
}
