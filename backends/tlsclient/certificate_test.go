package tlsclient

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"ovpn-verify/backends/backendtest/fakeldap"
)

// A server's list of authorities is often the roots alone, and Go would keep back
// a certificate of an issuer between. OpenSSL's clients show theirs.
func TestClientCertificateIsShownWhateverTheServerNames(t *testing.T) {
	server, trust, err := fakeldap.NewCertificate("127.0.0.1")
	ours, oursPEM, err2 := fakeldap.NewCertificate("vpn.example.org")
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(ours.Certificates[0].PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	s := Settings{
		Section: "radius", MinTLSVersion: "1.2", CAFile: filepath.Join(t.TempDir(), "ca.pem"),
		ClientCertFile: filepath.Join(t.TempDir(), "client.pem"), ClientKeyFile: filepath.Join(t.TempDir(), "client.key"),
	}
	for path, content := range map[string][]byte{
		s.CAFile: trust, s.ClientCertFile: oursPEM,
		s.ClientKeyFile: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}),
	} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	root := &x509.Certificate{RawSubject: []byte{0x30, 0x11, 0x31, 0x0f, 0x30, 0x0d, 0x06, 0x03, 0x55, 0x04, 0x03, 0x0c, 0x06, 'a', ' ', 'r', 'o', 'o', 't'}}
	named := x509.NewCertPool()
	named.AddCert(root)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		shown := make(chan int, 1)
		server.MaxVersion, server.ClientAuth, server.ClientCAs = version, tls.RequestClientCert, named
		server.VerifyConnection = func(state tls.ConnectionState) error {
			shown <- len(state.PeerCertificates)
			return nil
		}
		if _, err := handshake(t, server, s, "127.0.0.1"); err != nil {
			t.Fatal(err)
		}
		if n := <-shown; n != 1 {
			t.Errorf("%x: %d certificates shown", version, n)
		}
	}
}
