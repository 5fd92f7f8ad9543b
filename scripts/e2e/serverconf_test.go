//go:build e2e

package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ovpn-verify/scripts/testbed"
)

// A daemon that works has nothing wrong in its configuration.
func TestServerConfThatWorksHasNoFindings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.configure(ldapSection(w.Slapd(testbed.SlapdOptions{}), `second_factor = "totp"`, ""))
	w.enroll("ada")
	server := w.serve(testbed.ServerOptions{Extra: []string{"auth-gen-token 43200 external-auth", "group nogroup"}})
	c := w.Client(server, testbed.ClientOptions{})
	e := w.attempt(c, "ada", "lovelace-1815")
	w.want(e, testbed.Challenged, "")
	w.want(w.attempt(c, "ada", testbed.Dynamic(e.Challenge.State, w.code("ada"))), testbed.Connected, "")

	conf := strings.TrimSuffix(server.LogPath, ".log") + ".conf"
	if out := w.run("", "config", "check", "--server-conf", conf); !strings.HasSuffix(out, conf+" is fine\n") {
		t.Errorf("the configuration that works:\n%s", out)
	}
}

// stoppers keep OpenVPN from starting, each by itself.
func stoppers(config string) map[string]string {
	return map[string]string{
		"no quotes":         "auth-user-pass-verify " + binary + " --config " + config + " via-file",
		"no method":         "auth-user-pass-verify " + binary,
		"no program":        "auth-user-pass-verify /no/such/program via-file",
		"client-connect":    "client-connect " + binary + " now",
		"renewal":           "auth-gen-token 43200 100 external-auth",
		"renewal by reneg":  "reneg-sec 100",
		"reneg-sec 0":       "reneg-sec 0",
		"token's arguments": "auth-gen-token 43200 0 external-auth",
		"include":           "config no-such.inc",
		"quotes":            `setenv a "b`,
		"single quotes":     `setenv a 'b`,
		"backslash":         `setenv a C:\dir`,
		"long line":         "#" + strings.Repeat("x", 254),
		"inline":            "<extra-certs>\nx",
		"tmp-dir":           "tmp-dir /no/such/folder",
		"tmp-dir in chroot": "chroot /etc",
	}
}

// What is said to keep OpenVPN from starting does: the daemon itself is asked.
func TestServerConfThatStopsOpenVPN(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.configure(ldapSection(w.Slapd(testbed.SlapdOptions{}), `second_factor = "totp"`, ""))
	server := w.serve(testbed.ServerOptions{Extra: []string{"auth-gen-token 43200 external-auth"}})
	good, err := os.ReadFile(strings.TrimSuffix(server.LogPath, ".log") + ".conf")
	if err != nil {
		t.Fatal(err)
	}
	for name, lines := range stoppers(w.path("config.toml")) {
		t.Run(name, func(t *testing.T) {
			conf := filepath.Join(t.TempDir(), "server.conf")
			if err := os.WriteFile(conf, []byte(string(good)+lines+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			check := exec.Command(binary, "--config", w.path("config.toml"), "config", "check", "--server-conf", conf)
			out, err := check.Output()
			if err == nil || !strings.Contains(string(out), ": problem: ") || !strings.Contains(string(out), "OpenVPN does not start") {
				t.Errorf("said of it: %v\n%s", err, out)
			}
			// The running server has the port: what starts after all, ends there.
			daemon := exec.CommandContext(t.Context(), "ip", "netns", "exec", w.ServerNS, "openvpn", "--config", conf)
			said, err := daemon.CombinedOutput()
			if err == nil || strings.Contains(string(said), "bind failed") || strings.Contains(string(said), "TUN/TAP device") {
				t.Errorf("OpenVPN started: %v\n%s", err, said)
			}
		})
	}
}
