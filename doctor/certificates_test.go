package doctor

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ovpn-verify/verify/openvpn/serverconf"
)

var noon = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

// issue makes a certificate and a list of revoked ones, good from one time to another.
func issue(t *testing.T, from, until time.Time) (certificate, list string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "x"}, NotBefore: from, NotAfter: until,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCRLSign, SubjectKeyId: []byte{1}}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	crl, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: from, NextUpdate: until}, c, key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), string(pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: crl}))
}

// OpenVPN starts with certificates that nobody takes, and refuses everybody by a list
// that is out of date.
func TestCertificatesWhoseTimeIsOverOrToCome(t *testing.T) {
	good, list := issue(t, noon.Add(-time.Hour), noon.Add(time.Hour))
	old, oldList := issue(t, noon.Add(-2*time.Hour), noon.Add(-time.Hour))
	next, _ := issue(t, noon.Add(time.Hour), noon.Add(2*time.Hour))
	for name, c := range map[string]struct{ ca, cert, crl, more, want string }{
		"good":                         {good, good, list, "", ""},
		"the next authority as well":   {old + good + next, good, list, "", ""},
		"an authority that is over":    {good, good + old, list, "", ""},
		"expired":                      {good, old + good, list, "", "cert %/cert: the certificate has expired, on 2026-11-29 11:00:00"},
		"authority expired":            {old, good, list, "", "ca %/ca: the certificate has expired, on 2026-11-29 11:00:00"},
		"not yet":                      {good, next, list, "", "cert %/cert: the certificate is not valid before 2026-11-29 13:00:00, by this host's clock"},
		"list out of date":             {good, good, oldList, "", "crl-verify %/crl: the list is out of date since 2026-11-29 11:00:00"},
		"list that nobody asks for":    {good, good, oldList, "verify-client-cert none\n", ""},
		"list as a folder":             {good, good, oldList, "crl-verify crl dir\n", ""},
		"no certificates in it":        {"x", "", "", "", ""},
		"inline":                       {good, good, list, "<ca>\nx\n</ca>\ndh none\n", ""},
		"no key for tls-crypt":         {good, good, list, "tls-crypt ta.key\n", "tls-crypt %/ta.key: there is no such file or folder"},
		"no secret for tokens":         {good, good, list, "auth-gen-token-secret token.key\n", "auth-gen-token-secret %/token.key: there is no such file or folder"},
		"a folder of its own (chroot)": {good, good, list, "chroot jail\ncrl-verify gone\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for file, content := range map[string]string{"ca": c.ca, "cert": c.cert, "crl": c.crl, "server.conf": "ca ca\ncert cert\ncrl-verify crl\n" + c.more} {
				if err := os.WriteFile(filepath.Join(dir, file), []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			conf, err := serverconf.Read(filepath.Join(dir, "server.conf"), dir)
			if err != nil {
				t.Fatal(err)
			}
			var a Area
			Server{Conf: conf, Host: serverconf.ThisHost(), Now: noon}.files(&a)
			var got strings.Builder
			for _, f := range a.Findings {
				got.WriteString(f.What)
			}
			if want := strings.ReplaceAll(c.want, "%", dir); got.String() != want {
				t.Errorf("got %q, want %q", got.String(), want)
			}
		})
	}
}

// A log service that is not there, and a user who is not, are told with what mends them.
func TestFilesWithoutTheirUserOrTheLogService(t *testing.T) {
	f := Files{Config: "/c.toml", Named: serverconf.Place{File: "/c.toml"}, Who: serverconf.Account{Name: "nix"}, Stat: os.Stat}
	if got := f.Judge().Findings; len(got) != 1 || got[0].Severity != serverconf.Problem || !strings.HasPrefix(got[0].Mend, "useradd ") || !strings.HasSuffix(got[0].Mend, " nix") {
		t.Errorf("worker.user: %+v", got)
	}
	f.Known, f.Who, f.NoSyslog = true, serverconf.Account{Name: "nobody", UID: 65534}, []string{"/dev/log", "/run/log"}
	got := f.Judge().Findings
	if len(got) != 1 || got[0].Severity != serverconf.Warning || got[0].Mend != `log.to = "stderr" in /c.toml` || !strings.Contains(got[0].What, "none of /dev/log, /run/log") {
		t.Errorf("syslog: %+v", got)
	}
}

// One that is another's, and whose metrics are others' too, stays its owner's.
func TestMetricsInAFolderOfOthers(t *testing.T) {
	dir := t.TempDir()
	info, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	f := Files{Who: serverconf.Account{Name: "vpn", UID: 4711, GID: 4712}}
	if got, want := f.share(info, dir), "chgrp 4712 "+dir+" && chmod g+rwx "+dir; got != want {
		t.Errorf("%s", got)
	}
	f.Who.GID = 0
	if got, want := f.share(info, dir), "chown vpn "+dir; got != want {
		t.Errorf("%s", got)
	}
}

// The first line says what is not named in it (systemd.exec(5)).
func TestUnitsAddressFamilies(t *testing.T) {
	for lines, fine := range map[string]bool{
		"AF_INET AF_UNIX": true, "AF_INET": false, "none": false, "~AF_UNIX": false, "~AF_NETLINK": true, "": true,
		"AF_INET\nRestrictAddressFamilies=AF_UNIX": true, "AF_INET\nRestrictAddressFamilies=": true, "AF_INET\nRestrictAddressFamilies=AF_NETLINK": false,
		"~AF_UNIX\nRestrictAddressFamilies=AF_UNIX": true, "AF_UNIX\nRestrictAddressFamilies=~AF_UNIX": false,
	} {
		u := LookAtUnit("a.service", units(t, map[string]string{"usr/a.service": "[Service]\nRestrictAddressFamilies=" + lines + "\n"}))
		if a := u.Judge(UnitNeeds{}); a.Fine() != fine {
			t.Errorf("%q: %+v", lines, a)
		}
	}
}
