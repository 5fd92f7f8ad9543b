package ldap

import (
	"crypto/tls"
	"io"
	"net"
	"strings"
	"testing"

	"ovpn-verify/backends/backendtest/fakeldap"
)

// tlsCase is a server with a certificate, and what the client makes of it.
type tlsCase struct {
	server *tls.Config
	trust  []byte
	host   string // in place of 127.0.0.1
	skip   bool
	want   outcome
	text   string
}

func TestTheCertificateIsVerified(t *testing.T) {
	certificate, pem := newCertificate(t)
	_, strangers := newCertificate(t)
	narrow, narrowPEM := newCertificate(t, "127.0.0.1")
	old := certificate.Clone()
	old.MinVersion, old.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	for name, c := range map[string]tlsCase{
		"right":                {certificate, pem, "", false, accepted, ""},
		"right, by name":       {certificate, pem, "localhost", false, accepted, ""},
		"unknown authority":    {certificate, strangers, "", false, down, "unknown authority"},
		"another name":         {narrow, narrowPEM, "localhost", false, down, "wanted to match localhost"},
		"another name, skip":   {narrow, narrowPEM, "localhost", true, accepted, ""},
		"system roots":         {certificate, nil, "", false, down, "certificate"},
		"TLS 1.1":              {old, pem, "", false, down, "protocol version"},
		"TLS 1.1, skip":        {old, pem, "", true, down, "protocol version"},
		"no TLS at all, skip":  {nil, pem, "", true, down, ""},
		"unknown, but skipped": {certificate, strangers, "", true, accepted, ""},
	} {
		t.Run(name+"/StartTLS", func(t *testing.T) { c.run(t, false) })
		t.Run(name+"/LDAPS", func(t *testing.T) { c.run(t, true) })
	}
}

func (c tlsCase) run(t *testing.T, ldaps bool) {
	o, config := fakeldap.Example(), exampleConfig(t)
	o.TLS, o.LDAPS, config.StartTLS = c.server, ldaps && c.server != nil, !ldaps
	config.InsecureSkipVerify = c.skip
	if c.trust != nil {
		config.CAFile = writeFile(t, "ca.pem", c.trust)
	}
	s := start(t, o)
	url := s.URL()
	if ldaps {
		url = strings.Replace(url, "ldap://", "ldaps://", 1)
	}
	if c.host != "" {
		url = strings.Replace(url, "127.0.0.1", c.host, 1)
	}
	config.URLs = []string{url}
	id, err := ada(t, newBackend(t, config))
	if got := outcomeOf(t, id, err); got != c.want || err != nil && !strings.Contains(err.Error(), c.text) {
		t.Errorf("%s, %v", got, err)
	}
	if n := s.Counts(); n.Plaintext != 0 {
		t.Errorf("%d requests were sent unencrypted", n.Plaintext)
	}
}

func TestARefusedStartTLSIsNoLeaveToGoOn(t *testing.T) {
	t.Parallel()
	for _, code := range []uint16{1, 2, 10, 52, 53} {
		o := exampleWith(fakeldap.StartTLS, fakeldap.Fault{Code: code})
		s := start(t, o)
		c := exampleConfig(t, s)
		c.StartTLS, c.InsecurePlaintext = true, true
		id, err := ada(t, newBackend(t, c))
		if got := outcomeOf(t, id, err); got != down {
			t.Errorf("%d: %s, %v", code, got, err)
		}
		if n := s.Counts(); n.Plaintext != 0 {
			t.Errorf("%d: %d requests were sent unencrypted", code, n.Plaintext)
		}
	}
}

// TestNothingSlippedInBeforeTLSCounts has somebody on the way add the answers
// to the requests to come, unencrypted, to the answer to StartTLS.
func TestNothingSlippedInBeforeTLSCounts(t *testing.T) {
	t.Parallel()
	certificate, pem := newCertificate(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		c.Read(make([]byte, 64))
		io.WriteString(c, "\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00")
		io.WriteString(c, "\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00")
		tls.Server(c, certificate).Handshake()
	}()
	c := exampleConfig(t)
	c.URLs, c.StartTLS, c.CAFile = []string{"ldap://" + l.Addr().String()}, true, writeFile(t, "ca.pem", pem)
	id, err := ada(t, newBackend(t, c))
	if got := outcomeOf(t, id, err); got != down || !strings.Contains(err.Error(), "StartTLS: TLS:") {
		t.Errorf("%s, %v", got, err)
	}
}
