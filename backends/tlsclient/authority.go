package tlsclient

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
)

// Verify tells whether the certificates that a server showed lead to an authority of
// the file, or of the system's when caFile is empty, and are for host.
func Verify(shown []*x509.Certificate, host, caFile string) error {
	options := x509.VerifyOptions{DNSName: host, Intermediates: x509.NewCertPool()}
	if caFile != "" {
		roots, err := Settings{CAFile: caFile}.roots()
		if err != nil {
			return err
		}
		options.Roots = roots
	}
	for _, c := range shown[1:] {
		options.Intermediates.AddCert(c)
	}
	_, err := shown[0].Verify(options)
	return err
}

// KnownAuthorities are files in which this host may have the authority of a
// directory: what ldap.conf(5) names, FreeIPA's, and those that administrators add.
func KnownAuthorities() []string {
	var files []string
	for _, conf := range []string{"/etc/ldap/ldap.conf", "/etc/openldap/ldap.conf"} {
		content, _ := os.ReadFile(conf)
		for line := range strings.Lines(string(content)) {
			if f := strings.Fields(line); len(f) == 2 && strings.EqualFold(f[0], "TLS_CACERT") {
				files = append(files, f[1])
			}
		}
	}
	files = append(files, "/etc/ipa/ca.crt")
	for _, pattern := range []string{"/usr/local/share/ca-certificates/*.crt", "/etc/pki/ca-trust/source/anchors/*"} {
		found, _ := filepath.Glob(pattern)
		files = append(files, found...)
	}
	return files
}

// IsAuthority tells whether trusting a certificate lasts longer than the server's own
// one: an authority's, or one that vouches for itself and has nobody above it.
func IsAuthority(c *x509.Certificate) bool {
	return c.IsCA || bytes.Equal(c.RawIssuer, c.RawSubject)
}

// Fingerprint is the SHA-256 of a certificate as other programs write it.
func Fingerprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	digits := strings.ToUpper(hex.EncodeToString(sum[:]))
	var b strings.Builder
	for i := 0; i < len(digits); i += 2 {
		if i > 0 {
			b.WriteByte(':')
		}
		b.WriteString(digits[i : i+2])
	}
	return b.String()
}

// SameFingerprint compares with one that somebody typed, with colons or without.
func SameFingerprint(typed string, c *x509.Certificate) bool {
	plain := strings.NewReplacer(":", "", " ", "")
	return strings.EqualFold(plain.Replace(typed), plain.Replace(Fingerprint(c)))
}

// PEM is the certificate as a file holds it.
func PEM(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}
