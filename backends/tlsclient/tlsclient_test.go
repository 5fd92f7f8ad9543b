package tlsclient

import (
	"crypto/tls"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ovpn-verify/backends/backendtest/fakeldap"
)

// handshake is one with a server that has the certificate.
func handshake(t *testing.T, server *tls.Config, s Settings, host string) (*tls.Conn, error) {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", server)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		if conn, err := l.Accept(); err == nil {
			_ = conn.(*tls.Conn).HandshakeContext(t.Context())
			conn.Close()
		}
	}()
	raw, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { raw.Close() })
	c, err := New(s)
	if err != nil {
		t.Fatal(err)
	}
	return c.Handshake(t.Context(), raw, host)
}

// A message names the keys of the section that is at fault.
func TestSectionsOwnKeys(t *testing.T) {
	server, trust, err := fakeldap.NewCertificate("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	s := Settings{Section: "radius", ServersKey: "servers", MinTLSVersion: "1.2", CAFile: filepath.Join(t.TempDir(), "ca.pem")}
	if err := os.WriteFile(s.CAFile, trust, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := handshake(t, server, s, "127.0.0.1"); err != nil {
		t.Error(err)
	}
	if _, err := handshake(t, server, s, "other.example.org"); err == nil || !strings.Contains(err.Error(), "names in radius.servers, or set radius.server_name") {
		t.Error(err)
	}
	s.SPKIPins = []string{"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="}
	if _, err := handshake(t, server, s, "127.0.0.1"); err == nil || !strings.Contains(err.Error(), "in radius.spki_pins; they are ") {
		t.Error(err)
	}
	s.CAFile = ""
	if _, err := handshake(t, server, s, "127.0.0.1"); err == nil || !strings.Contains(err.Error(), "into radius.ca_file") {
		t.Error(err)
	}
}

func TestProtocolsAreOffered(t *testing.T) {
	server, _, err := fakeldap.NewCertificate("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	server.NextProtos = []string{"b", "a"}
	s := Settings{Section: "radius", MinTLSVersion: "1.3", InsecureSkipVerify: true, Protocols: []string{"a", "c"}}
	conn, err := handshake(t, server, s, "")
	if err != nil || conn.ConnectionState().NegotiatedProtocol != "a" {
		t.Errorf("%v", err)
	}
}
