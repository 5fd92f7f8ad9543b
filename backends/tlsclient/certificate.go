package tlsclient

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

// Validate returns every fault, joined; each begins with the key it is about.
// It reads no file.
func (s Settings) Validate() error {
	var faults []error
	if tlsVersions[s.MinTLSVersion] == 0 {
		faults = append(faults, fmt.Errorf(`%s.min_tls_version must be "1.2" or "1.3", not %q`, s.Section, s.MinTLSVersion))
	}
	if s.ClientCertFile == "" != (s.ClientKeyFile == "") {
		faults = append(faults, fmt.Errorf("%[1]s.client_cert_file must be named together with %[1]s.client_key_file, not one of them alone", s.Section))
	}
	for _, pin := range s.SPKIPins {
		if sum, err := base64.StdEncoding.Strict().DecodeString(pin); err != nil || len(sum) != sha256.Size {
			faults = append(faults, fmt.Errorf("%s.spki_pins must be SHA-256 hashes of public keys in base64, not %q", s.Section, pin))
		}
	}
	return errors.Join(faults...)
}

// PinOf is the hash of a certificate's public key, RFC 7469 section 2.4.
func PinOf(c *x509.Certificate) string {
	sum := sha256.Sum256(c.RawSubjectPublicKeyInfo)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// verifyPins comes after the certificate was verified; one of the pinned public
// keys must be the server's or an issuer's. With insecure_skip_verify there is
// no verified chain, and the server's own key has to be pinned: it could send
// any other certificate along.
func (s Settings) verifyPins(state tls.ConnectionState) error {
	chains := state.VerifiedChains
	if len(chains) == 0 && len(state.PeerCertificates) > 0 {
		chains = [][]*x509.Certificate{state.PeerCertificates[:1]}
	}
	var seen []string
	for _, chain := range chains {
		for _, c := range chain {
			if slices.Contains(s.SPKIPins, PinOf(c)) {
				return nil
			}
			seen = append(seen, fmt.Sprintf("%s (%q)", PinOf(c), c.Subject))
		}
	}
	return fmt.Errorf("no public key of the server's chain is in %s.spki_pins; they are %s", s.Section, strings.Join(seen, ", "))
}

// explained adds to a failed verification what was shown and what to do.
func (s Settings) explained(err error, name string) error {
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
	text := fmt.Sprintf("%v; wanted: %q; shown: %s; names: %.400q; %s", err, name,
		strings.Join(shown, ", then "), names(chain[0]), s.remedy(failed.Err, chain))
	return &CertificateError{text, s.line(failed.Err, chain), err}
}

// CertificateError is a server's certificate that cannot be verified.
type CertificateError struct {
	text, mend string
	err        error
}

func (e *CertificateError) Error() string { return e.text }

func (e *CertificateError) Unwrap() error { return e.err }

// Mend is the line of the configuration or the command that would have it verified,
// or "". Whether it should be is the administrator's to say.
func (e *CertificateError) Mend() string { return e.mend }

// UnknownAuthority tells that nobody whom this host trusts has issued it.
func (e *CertificateError) UnknownAuthority() bool {
	_, unknown := errors.AsType[x509.UnknownAuthorityError](e.err)
	return unknown
}

func names(c *x509.Certificate) []string {
	all := slices.Clone(c.DNSNames)
	for _, ip := range c.IPAddresses {
		all = append(all, ip.String())
	}
	return all
}

func (s Settings) remedy(err error, chain []*x509.Certificate) string {
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		if len(names(chain[0])) == 0 {
			return fmt.Sprintf("have the server show a certificate with its name among the subject alternative names, or believe this one alone: "+
				"%[1]s.insecure_skip_verify = true with %[1]s.spki_pins = [%[2]q]", s.Section, PinOf(chain[0]))
		}
		return fmt.Sprintf("use one of these names in %[1]s.%[2]s, or set %[1]s.server_name to it", s.Section, s.ServersKey)
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok && invalid.Reason == x509.Expired {
		return "renew the certificate that is out of date, or set this host's clock"
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return fmt.Sprintf("put the certificate of %.200q into %s.ca_file, if you trust it", chain[len(chain)-1].Issuer, s.Section)
	}
	return "have the server show a certificate that this host can verify"
}

func (s Settings) line(err error, chain []*x509.Certificate) string {
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		if known := names(chain[0]); len(known) > 0 && s.ServerName == "" {
			return fmt.Sprintf("%s.server_name = %q", s.Section, known[0])
		}
	}
	return ""
}
