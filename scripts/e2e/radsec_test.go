//go:build e2e

package e2e_test

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"ovpn-verify/scripts/testbed"
)

// radsec starts a FreeRADIUS that is asked over TLS and knows us by a
// certificate, and writes the configuration for it.
func (w *world) radsec(o testbed.RadiusOptions, more string) *testbed.Radius {
	w.t.Helper()
	server, err := w.CA.Write(w.Dir, "radsec", testbed.Cert{Name: "radius.example.org", Hosts: []string{"127.0.0.1"}})
	ours, err2 := w.CA.Write(w.Dir, "vpn", testbed.Cert{Name: "vpn.example.org", Client: true})
	if err := errors.Join(err, err2); err != nil {
		w.t.Fatal(err)
	}
	for name, path := range map[string]string{"ca.pem": ours.CA, "vpn.crt": ours.Cert, "vpn.key": ours.Key} {
		content, err := os.ReadFile(path)
		if err != nil {
			w.t.Fatal(err)
		}
		w.write(name, string(content))
	}
	o.RadSec = &server
	r := w.Radius(o)
	section := radiusSection("radsec://" + r.Addr)
	w.configure(strings.Replace(section, `secret_file = "radius.secret"`+"\n", "", 1) +
		"ca_file = \"ca.pem\"\n" + more)
	return r
}

const ourCertificate = "client_cert_file = \"vpn.crt\"\nclient_key_file = \"vpn.key\"\n"

// FreeRADIUS over TLS: passwords and questions by PAP, refusals, one connection
// for all, and a server that went away and came back.
func TestRadSec(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server := w.radsec(testbed.RadiusOptions{}, ourCertificate)
	w.radiusUsers()
	w.logged(`server=radsec://` + server.Addr + ` .*verdict=accepted`)
	if n := strings.Count(server.Log(), "new socket auth from client"); n < 1 || n > 2 { // the worker ends when it is idle
		t.Errorf("%d connections:\n%s", n, server.Log())
	}
	c := w.Client(w.server, testbed.ClientOptions{})
	w.want(w.attempt(c, "ada", "lovelace-1815"), testbed.Connected, "")
	if err := errors.Join(server.Stop(), server.Start(), c.Restart()); err != nil {
		t.Fatal(err)
	}
	w.want(w.attempt(c, "ada", "lovelace-1815"), testbed.Connected, "")
	if err := c.Restart(); err != nil {
		t.Fatal(err)
	}
	w.want(w.attempt(c, "ada", "not-lovelace-1815"), testbed.Refused, refusedText)
}

// MS-CHAPv2 and CHAP need no secret, so that TLS changes nothing about them.
func TestRadSecProtocols(t *testing.T) {
	for _, protocol := range []string{"chap", "mschapv2"} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.radsec(testbed.RadiusOptions{}, ourCertificate+"protocol = \""+protocol+"\"\n")
			w.passwords("ada", "lovelace-1815")
		})
	}
}

// Neither end lets a stranger in, and the log and `check` say what is missing.
func TestRadSecCertificates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server := w.radsec(testbed.RadiusOptions{}, "")
	check := func() string {
		cmd := w.Command(t.Context(), w.ServerNS, binary, "--config", w.path("config.toml"), "check", "ada", "--password-stdin")
		cmd.Stdin = strings.NewReader("lovelace-1815\n")
		out, err := cmd.CombinedOutput()
		if e, ok := errors.AsType[*exec.ExitError](err); !ok || e.ExitCode() != 3 {
			t.Errorf("check: %v", err)
		}
		return string(out)
	}
	if out := check(); !strings.Contains(out, "want a client certificate?") {
		t.Errorf("without a certificate:\n%s", out)
	}
	other, err := testbed.NewCA("another CA")
	if err != nil {
		t.Fatal(err)
	}
	w.write("ca.pem", string(other.PEM()))
	if out := check(); !strings.Contains(out, "into radius.ca_file") || !strings.Contains(out, time.Now().UTC().AddDate(0, 0, 1).Format("2006-01-02")) {
		t.Errorf("a server of another CA:\n%s", out)
	}
	c := w.Client(w.serve(testbed.ServerOptions{}), testbed.ClientOptions{})
	w.want(w.attempt(c, "ada", "lovelace-1815"), testbed.Temporary, unavailableText)
	w.logged(`verdict=unavailable .*radius.ca_file`)
	if strings.Contains(server.Log(), "ada") {
		t.Errorf("the password was sent:\n%s", server.Log())
	}
}

// FreeRADIUS leaves Message-Authenticator out unless it is told; over TLS that
// is no weakness, and nothing warns of it.
func TestRadSecWithoutMessageAuthenticator(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server := w.radsec(testbed.RadiusOptions{NoMessageAuthenticator: true}, ourCertificate)
	c := w.Client(w.serve(testbed.ServerOptions{}), testbed.ClientOptions{})
	w.want(w.attempt(c, "ada", "lovelace-1815"), testbed.Temporary, unavailableText)
	w.logged(`verdict=unavailable .*name it in radius.insecure_no_message_authenticator`)
	config, err := os.ReadFile(w.path("config.toml"))
	if err != nil {
		t.Fatal(err)
	}
	w.write("config.toml", strings.Replace(string(config), "[radius]\n",
		"[radius]\ninsecure_no_message_authenticator = [\"radsec://"+server.Addr+"\"]\n", 1))
	if out := w.run("", "config", "check"); strings.Contains(out, "warning") {
		t.Error(out)
	}
	if err := c.Restart(); err != nil {
		t.Fatal(err)
	}
	w.want(w.attempt(c, "ada", "lovelace-1815"), testbed.Connected, "")
}
