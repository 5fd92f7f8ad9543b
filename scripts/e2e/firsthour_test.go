//go:build e2e

package e2e_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"ovpn-verify/scripts/testbed"
)

const (
	adasPassword = "lovelace-1815"
	unitsConf    = "/etc/openvpn/server/server.conf"
)

// From the package to the first login: a fresh Debian with OpenVPN's own unit, the
// commands that the documents have, and each of the users that OpenVPN or its
// worker may be.
func TestPackageFirstHour(t *testing.T) {
	t.Parallel()
	// LimitNPROC counts a number's processes on the whole machine, and the other
	// tests have many of nobody's.
	const ofHisOwn = "sed -i s/^nobody:x:65534:/nobody:x:64999:/ /etc/passwd"
	for name, c := range map[string]struct{ conf, before, runsAs string }{
		"user ovpn-verify": {"user ovpn-verify\ngroup ovpn-verify\n", "true", "ovpn-verify"},
		"root":             {"", "true", "ovpn-verify"}, // worker.user
		"user nobody":      {"user nobody\ngroup nogroup\n", ofHisOwn + " && chown -R nobody: /var/lib/ovpn-verify", "nobody"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			h.run("apt-get install -y " + h.bring(packaged.packages.Deb))
			h.serverConf(c.conf)
			h.run(c.before)
			seed := h.setUp("totp")
			h.run("ovpn-verify doctor --server-conf " + unitsConf)

			server := h.startUnit()
			client := h.Client(server, testbed.ClientOptions{})
			e := h.attempt(client, "ada", adasPassword)
			if e.Kind != testbed.Challenged {
				t.Fatalf("the client saw %v, want a question", e)
			}
			if e = h.attempt(client, "ada", testbed.Dynamic(e.Challenge.State, codeOf(t, seed))); e.Kind != testbed.Connected {
				t.Fatalf("the client saw %v, want a connection", e)
			}
			if log := server.Log(); !strings.Contains(log, "verdict=accepted") || strings.Contains(log, "level=WARN") {
				t.Errorf("the log:\n%s", log)
			}
			h.wantWorkerOf(c.runsAs)
		})
	}
}

// serverConf writes what OpenVPN needs, and the lines of the README.
func (h *host) serverConf(lines string) {
	h.t.Helper()
	files, err := h.CA.Write(h.Dir, "unit", testbed.Cert{Name: "server"})
	if err != nil {
		h.t.Fatal(err)
	}
	for name, path := range map[string]string{"ca.pem": files.CA, "server.pem": files.Cert, "server.key": files.Key} {
		h.run("install -m 0600 " + path + " /etc/openvpn/server/" + name)
	}
	conf := `port 1194
proto udp4
dev tun
topology subnet
server 10.8.0.0 255.255.255.0
keepalive 10 60
persist-key
persist-tun
dh none
ca ca.pem
cert server.pem
key server.key
verify-client-cert none
username-as-common-name
script-security 2
auth-user-pass-verify /usr/bin/ovpn-verify via-file
auth-gen-token 43200 external-auth
verb 4
` + lines
	if err := os.WriteFile(h.path(unitsConf), []byte(conf), 0o644); err != nil {
		h.t.Fatal(err)
	}
}

// setUp makes a configuration with one user, and returns the user's seed when
// there is a second factor.
func (h *host) setUp(secondFactor string) (seed string) {
	h.t.Helper()
	h.run("ovpn-verify config init --backend file --second-factor " + secondFactor + " --server-conf " + unitsConf)
	h.run("echo " + adasPassword + " | ovpn-verify user add ada --password-stdin")
	if secondFactor == "none" {
		return ""
	}
	out := h.run("ovpn-verify totp enroll ada")
	m := regexp.MustCompile(`secret=([A-Z2-7]+)`).FindStringSubmatch(out)
	if m == nil {
		h.t.Fatalf("no secret in %s", out)
	}
	return m[1]
}

func codeOf(t *testing.T, seed string) string {
	t.Helper()
	code, err := hotp.GenerateCodeCustom(seed, uint64(time.Now().Unix()/30), hotp.ValidateOpts{Digits: otp.DigitsSix})
	if err != nil {
		t.Fatal(err)
	}
	return code
}

func (h *host) startUnit() *testbed.Server {
	h.t.Helper()
	server, err := h.StartUnit("server", 1194)
	if err != nil {
		h.t.Fatal(err)
	}
	return server
}

func (h *host) attempt(c *testbed.Client, user, field string) testbed.Event {
	h.t.Helper()
	if err := c.Login(user, field); err != nil {
		h.t.Fatal(err)
	}
	e, err := c.Next(eventTimeout)
	if err != nil {
		h.t.Fatal(err)
	}
	return e
}

// wantWorkerOf looks for the worker in the host's network.
func (h *host) wantWorkerOf(user string) {
	h.t.Helper()
	uid := strings.TrimSpace(h.run("id -u " + user))
	out := shell(h.t, `for p in $(ip netns pids "$1"); do
	tr '\0' ' ' <"/proc/$p/cmdline" | grep -q ' worker --config ' && grep ^Uid: "/proc/$p/status" | cut -f 3
done; true`, h.ServerNS)
	if strings.TrimSpace(out) != uid {
		h.t.Errorf("workers of the users %q, want one of %s (%s)", out, user, uid)
	}
}
