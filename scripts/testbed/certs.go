package testbed

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// CA is a certificate authority for one run, ECDSA P-256.
type CA struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// Cert says what a certificate is for. The zero value with a Name is a TLS
// server's for 127.0.0.1, valid from an hour ago until tomorrow.
type Cert struct {
	Name     string   // common name, and a DNS name of a server
	Hosts    []string // more DNS names and addresses of a server; nil: localhost, 127.0.0.1 and ServerIP
	Client   bool     // for a client in place of a server
	NotAfter time.Time
}

// Files are PEM files on disk; the key is readable by its owner alone.
type Files struct{ CA, Cert, Key string }

// ServerTLS is for a server that shows the certificate.
func (f Files) ServerTLS() (*tls.Config, error) {
	certificate, err := tls.LoadX509KeyPair(f.Cert, f.Key)
	if err != nil {
		return nil, fmt.Errorf("testbed: %w", err)
	}
	return &tls.Config{Certificates: []tls.Certificate{certificate}}, nil
}

// NewCA makes an authority; two of them do not trust each other.
func NewCA(name string) (*CA, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := template(name, time.Time{})
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	return &CA{certificate, key}, err
}

// PEM is the authority's own certificate.
func (ca *CA) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.certificate.Raw})
}

// Issue signs a certificate and returns it with its key as PEM.
func (ca *CA) Issue(c Cert) (certificate, key []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template := template(c.Name, c.NotAfter)
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	if !c.Client {
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		c.addHosts(template)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, ca.certificate, &private.PublicKey, ca.key)
	if err != nil {
		return nil, nil, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}), err
}

// Write issues a certificate into dir as base.crt and base.key, with the
// authority as base-ca.crt.
func (ca *CA) Write(dir, base string, c Cert) (Files, error) {
	path := func(suffix string) string { return filepath.Join(dir, base+suffix) }
	f := Files{CA: path("-ca.crt"), Cert: path(".crt"), Key: path(".key")}
	certificate, key, err := ca.Issue(c)
	if err != nil {
		return f, fmt.Errorf("certificate for %s: %w", c.Name, err)
	}
	return f, errors.Join(os.WriteFile(f.CA, ca.PEM(), 0o644),
		os.WriteFile(f.Cert, certificate, 0o644), os.WriteFile(f.Key, key, 0o600))
}

func (c Cert) addHosts(template *x509.Certificate) {
	hosts := c.Hosts
	if hosts == nil {
		hosts = []string{"localhost", "127.0.0.1", ServerIP}
	}
	for _, host := range hosts {
		if address := net.ParseIP(host); address != nil {
			template.IPAddresses = append(template.IPAddresses, address)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
}

func template(name string, notAfter time.Time) *x509.Certificate {
	now := time.Now()
	if notAfter.IsZero() {
		notAfter = now.Add(24 * time.Hour)
	}
	// An expired certificate has to begin before it ends.
	begin := now.Add(-time.Hour)
	if notAfter.Before(now) {
		begin = notAfter.Add(-time.Hour)
	}
	return &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    begin,
		NotAfter:     notAfter,
	}
}
