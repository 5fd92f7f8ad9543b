//go:build e2e

package e2e_test

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ovpn-verify/scripts/testbed"
)

// A certificate for another name, an expired one, pins and versions: what is not
// as it has to be is an outage that says what to do, on ldaps:// and with StartTLS.
func TestLDAPCertificates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	slapd := w.Slapd(testbed.SlapdOptions{
		Cert:   testbed.Cert{Name: "ldap.example.org", Hosts: []string{"ldap.example.org"}},
		Global: "TLSCipherSuite NORMAL:-VERS-TLS1.3",
	})
	expired := w.Slapd(testbed.SlapdOptions{Cert: testbed.Cert{Name: "localhost", NotAfter: time.Now().Add(-time.Hour)}})
	other, err := testbed.NewCA("another CA")
	if err != nil {
		t.Fatal(err)
	}
	w.write("other.pem", string(other.PEM()))
	named := "server_name = \"ldap.example.org\"\n"
	for _, row := range []struct {
		slapd                              *testbed.Slapd
		name, caFile, more, verdict, cause string
	}{
		{slapd, "another name", "", "", "unavailable", "ldap.example.org.*server_name"},
		{slapd, "its own name", "", named, "accepted", ""},
		{slapd, "another CA", w.path("other.pem"), named, "unavailable", "testbed CA.*ca_file"},
		{expired, "expired", "", "", "unavailable", "expired"},
		{slapd, "too old a version", "", named + "min_tls_version = \"1.3\"\n", "unavailable", "TLS: "},
		{slapd, "the pinned key", "", named + pin(t, slapd, "slapd.crt"), "accepted", ""},
		{slapd, "another key", "", named + pin(t, expired, "slapd.crt"), "unavailable", "spki_pins"},
		{slapd, "anything", w.path("other.pem"), "insecure_skip_verify = true\n", "accepted", ""},
	} {
		if row.caFile == "" {
			row.caFile = row.slapd.CAFile
		}
		for _, url := range []string{row.slapd.TLSURL, row.slapd.URL} {
			before := len(row.slapd.Log())
			c := w.checkTLS(url, row.caFile, row.more)
			bound := strings.Contains(row.slapd.Log()[before:], "BIND ")
			if !c.is(row.verdict, row.cause) || bound != (row.verdict == "accepted") {
				t.Errorf("%s, %s: a password crossed: %v: %+v", row.name, url, bound, c)
			}
		}
	}
}

func (w *world) checkTLS(url, caFile, more string) checked {
	w.t.Helper()
	startTLS := strings.HasPrefix(url, "ldap://")
	w.configure(serviceSection(url, caFile, fmt.Sprintf("base_dn = %q\nstart_tls = %v\n%s", testbed.LDAPPeople, startTLS, more)))
	return w.check("ada", "lovelace-1815")
}

func pin(t *testing.T, slapd *testbed.Slapd, name string) string {
	t.Helper()
	block, _ := pem.Decode([]byte(read(filepath.Join(filepath.Dir(slapd.LogPath), name))))
	if block == nil {
		t.Fatal("no certificate")
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	hash := sha256.Sum256(certificate.RawSubjectPublicKeyInfo)
	return fmt.Sprintf("spki_pins = [%q]\n", base64.StdEncoding.EncodeToString(hash[:]))
}

// The server wants a client certificate, and knows the account that searches by it.
func TestLDAPClientCertificate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	slapd := w.Slapd(testbed.SlapdOptions{
		Global: fmt.Sprintf("TLSVerifyClient demand\nauthz-regexp \"^cn=vpn-gateway$\" %q", testbed.LDAPBindDN),
	})
	files, err := w.CA.Write(w.dir, "gateway", testbed.Cert{Name: "vpn-gateway", Client: true})
	if err != nil {
		t.Fatal(err)
	}
	section := fmt.Sprintf("[login]\nbackend = \"ldap\"\nsecond_factor = \"none\"\n[ldap]\nurls = [%q]\nca_file = %q\nbase_dn = %q\nrequired_groups = [%q]\n",
		slapd.TLSURL, slapd.CAFile, testbed.LDAPPeople, testbed.LDAPVPNGroup)
	shown := fmt.Sprintf("client_cert_file = %q\nclient_key_file = %q\nbind_external = true\n", files.Cert, files.Key)
	w.configure(section)
	if c := w.check("ada", "lovelace-1815"); c.Verdict != "unavailable" {
		t.Errorf("without a certificate: %+v", c)
	}
	w.configure(section + shown)
	for user, want := range map[string]string{"ada": "accepted", "bob": "refused"} {
		if c := w.check(user, map[string]string{"ada": "lovelace-1815", "bob": "bob secret"}[user]); c.Verdict != want {
			t.Errorf("%s with a certificate: %+v", user, c)
		}
	}
	if !strings.Contains(slapd.Log(), fmt.Sprintf("BIND dn=%q mech=EXTERNAL", testbed.LDAPBindDN)) {
		t.Error("the account is not known by its certificate")
	}
}
