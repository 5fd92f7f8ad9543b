package ldap

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"

	"ovpn-verify/verify/secret"
)

// maxCAFile holds all public roots several times over; more is a mistake.
const maxCAFile = 4 << 20

// newTLSConfig returns what all servers have in common; the name to verify is
// added for each. An empty caFile trusts the system's roots.
func newTLSConfig(caFile string, skipVerify bool) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: skipVerify}
	if caFile == "" {
		return c, nil
	}
	pem, err := readCAFile(caFile)
	if err != nil {
		return nil, fmt.Errorf("ldap.ca_file: %w", err)
	}
	c.RootCAs = x509.NewCertPool()
	if !c.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("ldap.ca_file %q has no certificate in PEM", caFile)
	}
	return c, nil
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
// the host in its URL.
func (b *Backend) tlsFor(e endpoint) *tls.Config {
	c := b.tls.Clone()
	c.ServerName = e.host
	return c
}
