package main

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"ovpn-verify/backends/backendtest/fakeldap"
	"ovpn-verify/backends/tlsclient"
)

// initialised is what `config init` printed, with a directory that has a certificate
// of an authority that nobody here knows.
func initialised(t *testing.T, config *tls.Config, folder string, more ...string) (string, error) {
	t.Helper()
	o := fakeldap.Example()
	o.TLS, o.LDAPS, o.NamingContexts = config, true, []string{fakeldap.ExampleBaseDN}
	d, err := fakeldap.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	args := append([]string{
		"config", "init", "--backend", "ldap", "--url", d.URL(), "--second-factor", "none", "--state", "state/state.db",
		"--bind-dn", fakeldap.ExampleServiceDN, "--bind-password-stdin", "--output", filepath.Join(folder, "config.toml"),
	}, more...)
	cmd := exec.Command(binary, args...)
	cmd.Stdin = strings.NewReader(fakeldap.ExampleServicePassword + "\n")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// Nobody's word but the administrator's makes an authority a trusted one, and no
// password goes to a server before that.
func TestConfigInitTrustsTheShownAuthorityByItsFingerprintAlone(t *testing.T) {
	t.Parallel()
	config, authority, err := fakeldap.NewCertificate("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	known := filepath.Join(t.TempDir(), "authority.pem")
	if err := os.WriteFile(known, authority, 0o644); err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	out, err := initialised(t, config, folder)
	_, print, found := strings.Cut(out, "--ca-fingerprint ")
	if print, _, _ = strings.Cut(print, ";"); err == nil || !found {
		t.Fatalf("%v\n%s", err, out)
	}
	if left, _ := os.ReadDir(folder); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if out, err := initialised(t, config, folder, "--ca-fingerprint", strings.Repeat("00:", 31)+"00"); err == nil || !strings.Contains(out, "which is not the one of --ca-fingerprint") {
		t.Errorf("%v\n%s", err, out)
	}
	out, err = initialised(t, config, folder, "--ca-fingerprint", strings.ToLower(print))
	if err != nil || !strings.Contains(out, "works: ldaps://") {
		t.Errorf("%v\n%s", err, out)
	}
	if pem, err := os.ReadFile(filepath.Join(folder, "ca.pem")); err != nil || string(pem) != string(authority) {
		t.Errorf("%v: %s", err, pem)
	}
	out, err = initialised(t, config, t.TempDir(), "--ca-file", known)
	if err != nil || !strings.Contains(out, "works: ldaps://") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestFingerprintsCompareWithColonsAndWithout(t *testing.T) {
	config, _, err := fakeldap.NewCertificate("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(config.Certificates[0].Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	print := tlsclient.Fingerprint(c)
	for typed, want := range map[string]bool{print: true, strings.ToLower(strings.ReplaceAll(print, ":", "")): true, print[3:]: false, "": false} {
		if tlsclient.SameFingerprint(typed, c) != want {
			t.Errorf("%q", typed)
		}
	}
}

// The files are those of the user that OpenVPN becomes, as root makes them.
func TestConfigInitGivesFilesToOpenVPNsUser(t *testing.T) {
	t.Parallel()
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	conf := filepath.Join(folder, "server.conf")
	if err := os.WriteFile(conf, []byte("server 10.8.0.0 255.255.255.0\nuser nobody\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	flags := []string{"config", "init", "--second-factor", "none", "--state", "state/state.db", "--server-conf", conf, "--output"}
	cmd := exec.Command(binary, append(flags, filepath.Join(folder, "config.toml"), "--backend", "radius", "--radius-server", "127.0.0.1:1", "--radius-secret-stdin")...)
	cmd.Stdin = strings.NewReader("a shared secret of the two\n")
	out, _ := cmd.CombinedOutput()
	more, _ := exec.Command(binary, append(flags, filepath.Join(folder, "file.toml"), "--backend", "file")...).CombinedOutput()
	out = append(out, more...)
	for _, name := range []string{"radius.secret", "state", "users.toml"} {
		path := filepath.Join(folder, name)
		info, err := os.Stat(path)
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		owner := info.Sys().(*syscall.Stat_t).Uid
		mine := os.Geteuid() != 0 && strings.Contains(string(out), path+" has to belong to nobody: chown nobody "+path)
		if info.Mode().Perm()&0o077 != 0 || nobody.Uid != strconv.FormatUint(uint64(owner), 10) && !mine {
			t.Errorf("%s: mode %v, owner %d\n%s", name, info.Mode(), owner, out)
		}
	}
}
