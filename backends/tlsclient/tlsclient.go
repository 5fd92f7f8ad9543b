// Package tlsclient is the TLS of backends: which servers are believed, what
// is shown to them, and what to tell the administrator about a certificate that
// cannot be verified. A section of the configuration has the keys; their names
// are the same in all of them.
package tlsclient

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"

	"ovpn-verify/verify/secret"
)

// maxCAFile holds all public roots several times over; more is a mistake.
const maxCAFile = 4 << 20

// Settings are the keys of one section.
type Settings struct {
	Section    string // such as "ldap": messages speak of ldap.ca_file
	ServersKey string // the key with the servers, such as "urls"

	CAFile             string   // PEM; the system's roots when empty
	ServerName         string   // what every certificate must be for; the server's host when empty
	MinTLSVersion      string   // "1.2" or "1.3"
	SPKIPins           []string // SHA-256 in base64; one of them must be in the verified chain
	ClientCertFile     string   // PEM, together with ClientKeyFile
	ClientKeyFile      string
	InsecureSkipVerify bool // any certificate will do

	Protocols []string // offered by ALPN (RFC 7301); none when empty
}

// Client makes connections of one section. It is safe for concurrent use.
type Client struct {
	settings Settings
	base     *tls.Config // without the name to verify
}

// New reads the files. Settings that fail Validate are the caller's mistake.
// Sessions are never resumed: each handshake verifies the certificate anew.
func New(s Settings) (*Client, error) {
	base := &tls.Config{
		MinVersion:         tlsVersions[s.MinTLSVersion],
		InsecureSkipVerify: s.InsecureSkipVerify,
		NextProtos:         s.Protocols,
	}
	if len(s.SPKIPins) > 0 {
		base.VerifyConnection = s.verifyPins
	}
	var errCA, errClient error
	if s.CAFile != "" {
		base.RootCAs, errCA = s.roots()
	}
	if s.ClientCertFile != "" {
		base.GetClientCertificate, errClient = s.clientCertificate()
	}
	if err := errors.Join(errCA, errClient); err != nil {
		return nil, err
	}
	return &Client{settings: s, base: base}, nil
}

// Handshake makes raw a TLS connection to host, whose certificate must be for
// that name, or for ServerName. On an error, which says what to do about a
// certificate, raw is of no more use; the caller closes it.
func (c *Client) Handshake(ctx context.Context, raw net.Conn, host string) (*tls.Conn, error) {
	config := c.base.Clone()
	config.ServerName = cmp.Or(c.settings.ServerName, host)
	conn := tls.Client(raw, config)
	if err := conn.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("TLS: %w", c.settings.explained(err, config.ServerName))
	}
	return conn, nil
}

func (s Settings) roots() (*x509.CertPool, error) {
	pem, err := readPEM(s.CAFile)
	if err != nil {
		return nil, fmt.Errorf("%s.ca_file: %w", s.Section, err)
	}
	roots, unreadable := poolOf(pem)
	if roots == nil {
		return nil, fmt.Errorf("%s.ca_file %q has no certificate in PEM%s", s.Section, s.CAFile, unreadable)
	}
	return roots, nil
}

// poolOf passes over what it cannot read while there is another certificate, as
// bundles have old ones. Without any there is no pool, but what ails the last.
func poolOf(text []byte) (roots *x509.CertPool, unreadable string) {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			unreadable = " that can be read: " + err.Error()
			continue
		}
		if roots == nil {
			roots = x509.NewCertPool()
		}
		roots.AddCert(certificate)
	}
	return roots, unreadable
}

// clientCertificate is shown to every server that asks for one: of a list in
// tls.Config, Go would keep back what no authority has issued that the server
// names (RFC 8446 section 4.2.4), and servers name the roots alone.
func (s Settings) clientCertificate() (func(*tls.CertificateRequestInfo) (*tls.Certificate, error), error) {
	pem, err := readPEM(s.ClientCertFile)
	if err != nil {
		return nil, fmt.Errorf("%s.client_cert_file: %w", s.Section, err)
	}
	key, err := secret.ReadFile(s.ClientKeyFile)
	if err != nil {
		return nil, fmt.Errorf("%s.client_key_file: %w", s.Section, err)
	}
	pair, err := tls.X509KeyPair(pem, key.Reveal())
	if err != nil {
		return nil, fmt.Errorf("%[1]s.client_cert_file %[2]q and %[1]s.client_key_file %[3]q do not go together: %[4]w", s.Section, s.ClientCertFile, s.ClientKeyFile, err)
	}
	return func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }, nil
}

// readPEM refuses a file that others may write: whoever does is trusted with
// every password.
func readPEM(path string) ([]byte, error) {
	f, err := secret.OpenPublic(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	pem, err := io.ReadAll(io.LimitReader(f, maxCAFile+1))
	if err != nil {
		return nil, err
	}
	if len(pem) > maxCAFile {
		return nil, fmt.Errorf("%q is larger than %d bytes", path, maxCAFile)
	}
	return pem, nil
}
