package ldap

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"slices"

	goldap "github.com/go-ldap/ldap/v3"

	"ovpn-verify/backends/tlsclient"
)

// Discovery is what a server tells whoever asks. Nothing of it is proved: the
// certificates are those that it showed, verified or not.
type Discovery struct {
	URL    string
	Host   string              // what the certificate must be for
	Shown  []*x509.Certificate // none without TLS
	Base   string              // that the server says it holds; "" when it says nothing
	Schema string              // "active-directory" or "freeipa", or "rfc2307" for any other
}

// Oids by which servers can be told from others (rootDSE, supportedCapabilities and
// supportedExtension): Active Directory (MS-ADTS section 3.1.1.3.4.3.1), and FreeIPA's
// operation that sets a keytab.
const (
	oidActiveDirectory = "1.2.840.113556.1.4.800"
	oidFreeIPA         = "2.16.840.1.113730.3.8.10.1"
)

// NeedsStartTLS tells whether passwords would leave this host unencrypted without it.
func NeedsStartTLS(url string) bool {
	e, err := parseURL(url)
	return err == nil && e.crossesNetworkInClear()
}

// Discover asks the servers that c names, without an account and without a look at
// certificates: no password may be sent on these connections. It returns what the
// first that answers tells; the error is that of all.
func Discover(ctx context.Context, c Config) (Discovery, error) {
	c.InsecureSkipVerify, c.SPKIPins, c.CAFile, c.ClientCertFile, c.ClientKeyFile = true, nil, "", "", ""
	b := &Backend{config: c.Resolved(), lookupSRV: lookupSRV, health: newHealth(), rebinding: newRebinding()}
	b.LimitConnections(defaultConnections)
	for _, u := range c.URLs {
		e, err := parseURL(u)
		if err != nil {
			return Discovery{}, fmt.Errorf("%q: %w", u, err)
		}
		b.endpoints = append(b.endpoints, e)
	}
	var err error
	if b.tls, err = tlsclient.New(b.config.tls()); err != nil {
		return Discovery{}, err
	}
	servers, failed := b.servers(ctx)
	for i := range servers {
		inTime, cancel := b.withTimeout(ctx, c.Timeout)
		d, err := b.discover(inTime, &servers[i])
		cancel()
		if err == nil {
			return d, nil
		}
		failed = append(failed, err)
	}
	return Discovery{}, failed
}

func (b *Backend) discover(ctx context.Context, e *endpoint) (Discovery, error) {
	d := Discovery{URL: e.url, Host: e.host, Schema: schemaRFC2307}
	s := &session{backend: b, server: e.url}
	conn, err := s.connect(ctx, e)
	if err != nil {
		s.abandon()
		return d, err
	}
	if t, encrypted := conn.(*tls.Conn); encrypted {
		d.Shown = t.ConnectionState().PeerCertificates
	}
	s.wire = newWire(conn)
	defer s.close()
	about := s.rootDSE("defaultNamingContext", "namingContexts", "supportedCapabilities", "supportedExtension")
	d.Base = held(about)
	switch {
	case d.Base == "":
	case slices.Contains(about.GetAttributeValues("supportedCapabilities"), oidActiveDirectory):
		d.Schema = schemaAD
	case slices.Contains(about.GetAttributeValues("supportedExtension"), oidFreeIPA):
		d.Schema = schemaFreeIPA
		d.Base = "cn=users,cn=accounts," + d.Base // a second tree has copies of the users
	}
	return d, nil
}

// held is the naming context that most likely has the users: the default one, or
// else the first.
func held(about *goldap.Entry) string {
	for _, name := range []string{"defaultNamingContext", "namingContexts"} {
		if values := about.GetAttributeValues(name); len(values) > 0 {
			return values[0]
		}
	}
	return ""
}
