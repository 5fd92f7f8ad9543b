package ldap

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

var tlsVersions = map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}

func (c Config) checkTLS() error {
	var faults []error
	if tlsVersions[c.MinTLSVersion] == 0 {
		faults = append(faults, fmt.Errorf(`ldap.min_tls_version must be "1.2" or "1.3", not %q`, c.MinTLSVersion))
	}
	if c.ClientCertFile == "" != (c.ClientKeyFile == "") {
		faults = append(faults, errors.New("ldap.client_cert_file must be named together with ldap.client_key_file, not one of them alone"))
	}
	for _, pin := range c.SPKIPins {
		if sum, err := base64.StdEncoding.Strict().DecodeString(pin); err != nil || len(sum) != sha256.Size {
			faults = append(faults, fmt.Errorf("ldap.spki_pins must be SHA-256 hashes of public keys in base64, not %q", pin))
		}
	}
	return errors.Join(faults...)
}

// pins are public keys of which one must be the server's or an issuer's.
type pins []string

// pinOf is the hash of a certificate's public key, RFC 7469 section 2.4.
func pinOf(c *x509.Certificate) string {
	sum := sha256.Sum256(c.RawSubjectPublicKeyInfo)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// verify comes after the certificate was verified, also in a resumed session.
// With insecure_skip_verify there is no verified chain, and the server's own
// key has to be pinned: it could send any other certificate along.
func (p pins) verify(state tls.ConnectionState) error {
	chains := state.VerifiedChains
	if len(chains) == 0 && len(state.PeerCertificates) > 0 {
		chains = [][]*x509.Certificate{state.PeerCertificates[:1]}
	}
	var seen []string
	for _, chain := range chains {
		for _, c := range chain {
			if slices.Contains(p, pinOf(c)) {
				return nil
			}
			seen = append(seen, fmt.Sprintf("%s (%q)", pinOf(c), c.Subject))
		}
	}
	return fmt.Errorf("no public key of the server's chain is in ldap.spki_pins; they are %s", strings.Join(seen, ", "))
}

// explained adds to a failed verification what was shown and what to do.
func explained(err error, name string) error {
	failed, ok := errors.AsType[*tls.CertificateVerificationError](err)
	if !ok || len(failed.UnverifiedCertificates) == 0 {
		return err
	}
	chain := failed.UnverifiedCertificates
	shown := make([]string, min(len(chain), 4))
	for i := range shown {
		c := chain[i]
		shown[i] = fmt.Sprintf("%.200q by %.200q until %s", c.Subject, c.Issuer, c.NotAfter.UTC().Format(time.DateOnly))
	}
	return fmt.Errorf("%w; wanted: %q; shown: %s; names: %.400q; %s", err, name,
		strings.Join(shown, ", then "), names(chain[0]), remedy(failed.Err, chain))
}

func names(c *x509.Certificate) []string {
	all := slices.Clone(c.DNSNames)
	for _, ip := range c.IPAddresses {
		all = append(all, ip.String())
	}
	return all
}

func remedy(err error, chain []*x509.Certificate) string {
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return "use one of these names in ldap.urls, or set ldap.server_name to it"
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok && invalid.Reason == x509.Expired {
		return "renew the certificate that is out of date, or set this host's clock"
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return fmt.Sprintf("put the certificate of %.200q into ldap.ca_file, if you trust it", chain[len(chain)-1].Issuer)
	}
	return "have the server show a certificate that this host can verify"
}
