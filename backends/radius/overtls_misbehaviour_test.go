package radius

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"ovpn-verify/backends/backendtest/fakeldap"
	"ovpn-verify/backends/backendtest/fakeradius"
	"ovpn-verify/verify/primary"
)

// causesOverTLS is what the error says for each kind of wrong answer.
var causesOverTLS = map[fakeradius.Kind]string{
	fakeradius.Silent:                     "no answer",
	fakeradius.NoMessageAuthenticator:     "answer without Message-Authenticator",
	fakeradius.WrongMessageAuthenticator:  "wrong Message-Authenticator",
	fakeradius.TwoMessageAuthenticators:   "more than one Message-Authenticator",
	fakeradius.ShortMessageAuthenticator:  "malformed Message-Authenticator of 15 bytes",
	fakeradius.LongMessageAuthenticator:   "malformed Message-Authenticator of 17 bytes",
	fakeradius.WrongResponseAuthenticator: "wrong Response Authenticator",
	fakeradius.WrongSecret:                "wrong Response Authenticator",
	fakeradius.WrongIdentifier:            "to no request of ours",
	fakeradius.WrongCode:                  "code 5, which answers no Access-Request",
	fakeradius.Garbage:                    "not RADIUS: the Length 26995",
	fakeradius.Truncated:                  "no answer",
	fakeradius.ShortLength:                "not RADIUS: the Length 19",
	fakeradius.EmptyAttribute:             "malformed attribute",
	fakeradius.OneByteAttribute:           "malformed attribute",
	fakeradius.OverlongAttribute:          "malformed attribute",
	fakeradius.OtherRequest:               "wrong Response Authenticator",
	fakeradius.Reflected:                  "code 1, which answers no Access-Request",
	fakeradius.HalfAnswer:                 "no answer",
	fakeradius.HalfAndClose:               "half a packet",
	fakeradius.Hangup:                     "the server ended the connection before it answered anything",
	fakeradius.TooLong:                    "not RADIUS: the Length 4097",
}

// meaningless11 are wrong in authenticators that RADIUS/1.1 does not have.
var meaningless11 = map[fakeradius.Kind]bool{
	fakeradius.NoMessageAuthenticator: true, fakeradius.WrongMessageAuthenticator: true, fakeradius.TwoMessageAuthenticators: true,
	fakeradius.ShortMessageAuthenticator: true, fakeradius.LongMessageAuthenticator: true, fakeradius.WrongSecret: true,
}

// A wrong answer decides nothing, whatever it says, is named, and is over in time.
func TestWrongAnswersOverTLSDecideNothing(t *testing.T) {
	t.Parallel()
	var wg sync.WaitGroup
	turns := make(chan bool, 6) // handshakes take their time
	for _, kind := range fakeradius.WrongOverTLS() {
		for _, version := range []string{"RADIUS/TLS", "RADIUS/1.1"} {
			if version == "RADIUS/1.1" && (meaningless11[kind] || causesOverTLS[kind] == "wrong Response Authenticator") {
				continue
			}
			for _, accept := range []bool{true, false} {
				if !accept && causesOverTLS[kind] == "no answer" {
					continue // it says neither
				}
				_, cfg := startTLS(t, fakeradius.Options{AcceptAll: accept, Answers: []fakeradius.Kind{kind}}, versions[version])
				cfg.Timeout = 30 * tick // the others are over at once
				if causesOverTLS[kind] == "no answer" {
					cfg.Timeout = 3 * tick
				}
				b := backend(t, cfg)
				turns <- true
				wg.Go(func() {
					defer func() { <-turns }()
					wrongAnswer(t, b, kind, version)
				})
			}
		}
	}
	wg.Wait()
}

func wrongAnswer(t *testing.T, b *Backend, kind fakeradius.Kind, version string) {
	began := time.Now()
	id, err := b.CheckPassword(t.Context(), login("alice", "wrong"))
	if err == nil || decided(err) || id.Name != "" {
		t.Errorf("%s, kind %d: identity %v, error %v; want an outage", version, kind, id, err)
		return
	}
	if took := time.Since(began); took > 50*tick {
		t.Errorf("kind %d took %v", kind, took)
	}
	if cause, ok := causesOverTLS[kind]; !ok || cause != "no answer" && !strings.Contains(err.Error(), cause) {
		t.Errorf("%s, kind %d: error %q; want %q in it", version, kind, err, cause)
	}
}

// RFC 9765 section 5.2: a Message-Authenticator is of no account.
func TestAuthenticatorsMeanNothingIn11(t *testing.T) {
	for kind := range meaningless11 {
		_, cfg := startTLS(t, fakeradius.Options{Answers: []fakeradius.Kind{kind}}, v11)
		b := backend(t, cfg)
		letIn(t, b)
		if _, err := b.CheckPassword(t.Context(), login("alice", "wrong")); !errors.Is(err, primary.ErrRefused) {
			t.Errorf("kind %d: %v; want a refusal", kind, err)
		}
	}
}

// An answer that decides nothing says nothing against the connection.
func TestUnfitAnswerLeavesTheConnection(t *testing.T) {
	s, cfg := startTLS(t, fakeradius.Options{AcceptAll: true, Answers: []fakeradius.Kind{fakeradius.NoMessageAuthenticator}}, nil)
	b := backend(t, cfg)
	for range 3 {
		id, err := b.CheckPassword(t.Context(), login("alice", password))
		outage(t, id, err)
	}
	if n := s.Connections(); n != 1 {
		t.Errorf("%d connections", n)
	}
	cfg.InsecureNoMessageAuthenticator = cfg.Servers
	letIn(t, backend(t, cfg))
}

// An answer made for one login, sent with the Identifier of another, lets neither in.
func TestAnswersMixedUpLetNobodyIn(t *testing.T) {
	for version, alpn := range versions {
		_, cfg := startTLS(t, fakeradius.Options{AcceptAll: true, Delay: tick, Answers: []fakeradius.Kind{fakeradius.WrongIdentifier}}, alpn)
		cfg.Timeout = 5 * tick
		b := backend(t, cfg)
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if id, err := b.CheckPassword(t.Context(), login("alice", "wrong")); err == nil || decided(err) || id.Name != "" {
					t.Errorf("%s: identity %v, error %v", version, id, err)
				}
			})
		}
		wg.Wait()
	}
}

func TestServerWantsAClientCertificate(t *testing.T) {
	server, trust, err := fakeldap.NewCertificate("127.0.0.1")
	ours, oursPEM, err2 := fakeldap.NewCertificate("vpn.example.org")
	_, strangers, err3 := fakeldap.NewCertificate("vpn.example.org")
	if err := errors.Join(err, err2, err3); err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(ours.Certificates[0].PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	server.ClientAuth, server.ClientCAs, server.NextProtos = tls.RequireAndVerifyClientCert, x509.NewCertPool(), v11
	server.ClientCAs.AppendCertsFromPEM(oursPEM)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		server.MaxVersion = version
		if version == tls.VersionTLS12 {
			server.NextProtos = nil
		}
		s, cfg := startWith(t, fakeradius.Options{}, server.Clone(), trust)
		cfg.Timeout = 50 * tick
		id, err := backend(t, cfg).CheckPassword(t.Context(), login("alice", password))
		if outage(t, id, err); len(s.Requests()) > 0 || !strings.Contains(err.Error(), "remote error: tls: ") {
			t.Errorf("%x: %d requests, %v", version, len(s.Requests()), err)
		}
		if n := s.Connections(); n > 1 {
			t.Errorf("%x: %d connections for one login", version, n)
		}
		cfg.ClientCertFile = file(t, "client.pem", oursPEM)
		cfg.ClientKeyFile = file(t, "client.key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))
		letIn(t, backend(t, cfg))
		cfg.ClientCertFile = file(t, "strangers.pem", strangers)
		if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), "radius.client_key_file") {
			t.Errorf("another's key: %v", err)
		}
	}
}
