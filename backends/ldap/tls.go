package ldap

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"

	"ovpn-verify/verify/secret"
)

// maxCAFile holds all public roots several times over; more is a mistake.
const maxCAFile = 4 << 20

// newTLSConfig returns what all servers have in common; the name to verify is
// added for each. Without a CAFile the system's roots are trusted.
func newTLSConfig(c Config) (*tls.Config, error) {
	t := &tls.Config{MinVersion: tlsVersions[c.MinTLSVersion], InsecureSkipVerify: c.InsecureSkipVerify}
	if len(c.SPKIPins) > 0 {
		t.VerifyConnection = pins(c.SPKIPins).verify
	}
	var errCA, errClient error
	if c.CAFile != "" {
		t.RootCAs, errCA = newRoots(c.CAFile)
	}
	if c.ClientCertFile != "" {
		t.Certificates, errClient = clientCertificate(c)
	}
	return t, errors.Join(errCA, errClient)
}

func newRoots(caFile string) (*x509.CertPool, error) {
	pem, err := readCAFile(caFile)
	if err != nil {
		return nil, fmt.Errorf("ldap.ca_file: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("ldap.ca_file %q has no certificate in PEM", caFile)
	}
	return roots, nil
}

func clientCertificate(c Config) ([]tls.Certificate, error) {
	pem, err := readCAFile(c.ClientCertFile)
	if err != nil {
		return nil, fmt.Errorf("ldap.client_cert_file: %w", err)
	}
	key, err := secret.ReadFile(c.ClientKeyFile)
	if err != nil {
		return nil, fmt.Errorf("ldap.client_key_file: %w", err)
	}
	pair, err := tls.X509KeyPair(pem, key.Reveal())
	if err != nil {
		return nil, fmt.Errorf("ldap.client_cert_file %q and ldap.client_key_file %q do not go together: %w", c.ClientCertFile, c.ClientKeyFile, err)
	}
	return []tls.Certificate{pair}, nil
}

// readCAFile refuses a file that others may write: whoever does is trusted
// with every password.
func readCAFile(path string) ([]byte, error) {
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

// tlsFor returns the settings for one server, whose certificate must be for
// the host in its URL, or for ldap.server_name.
func (b *Backend) tlsFor(e endpoint) *tls.Config {
	c := b.tls.Clone()
	c.ServerName = cmp.Or(b.config.ServerName, e.host)
	return c
}
