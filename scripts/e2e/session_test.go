//go:build e2e

package e2e_test

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ovpn-verify/scripts/testbed"
)

// recorder is a script that keeps the environment it was called with and then
// becomes our program. It is nobody's, and its records are in w.dir.
func (w *world) recorder() string {
	w.t.Helper()
	path := w.Path("recorder")
	script := fmt.Sprintf("#!/bin/sh\n/usr/bin/env > %s/env.$script_type.$$\nexec %s \"$@\"\n", w.dir, binary)
	if err := os.WriteFile(path, []byte(script), 0o755); err != nil {
		w.t.Fatal(err)
	}
	return path
}

// serveSessions also has the program called when sessions begin, with a
// configuration of their own, and end.
func (w *world) serveSessions(program, connectConfig string, o testbed.ServerOptions) *testbed.Server {
	w.t.Helper()
	command := program + " --config " + w.path("config.toml")
	o.Verify, o.User = command, "nobody"
	o.Extra = append(o.Extra, `client-connect "`+program+" --config "+w.path(connectConfig)+`"`, `client-disconnect "`+command+`"`)
	w.server = w.Server(o)
	return w.server
}

// recorded are the environments of the calls for the event, oldest first.
func (w *world) recorded(event string) []map[string]string {
	w.t.Helper()
	paths, _ := filepath.Glob(w.path("env." + event + ".*"))
	slices.SortFunc(paths, func(a, b string) int { return modified(a).Compare(modified(b)) })
	var all []map[string]string
	for _, path := range paths {
		env := map[string]string{}
		for line := range strings.Lines(read(path)) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
			env[name] = value
		}
		all = append(all, env)
	}
	return all
}

func modified(path string) time.Time {
	info, err := os.Stat(path)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

// recordedOnce is for an event of which there is one call.
func (w *world) recordedOnce(event string) map[string]string {
	w.t.Helper()
	all := w.recorded(event)
	if len(all) != 1 {
		w.t.Fatalf("%d calls for %s", len(all), event)
	}
	return all[0]
}

var sessionEvents = []string{"user-pass-verify", "client-connect", "client-disconnect"}

// What we tell sessions by: the same at each event, over each protocol.
func TestSessionEnvironment(t *testing.T) {
	for _, proto := range []string{"udp4", "tcp4", "udp6", "tcp6"} {
		t.Run(proto, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.configure(fileSection)
			w.run("lovelace-1815\n", "user", "add", "ada", "--password-stdin")
			server := w.serveSessions(w.recorder(), "config.toml", testbed.ServerOptions{
				Proto: proto, Extra: []string{"auth-gen-token 3600 external-auth"},
			})
			o := testbed.ClientOptions{}
			if strings.HasPrefix(proto, "udp") {
				o.Extra = []string{"explicit-exit-notify 1"} // else the server notices after minutes
			}
			c := w.Client(server, o)
			w.want(w.attempt(c, "ada", "lovelace-1815"), testbed.Connected, "")
			w.logged(`msg=session event=client-connect user=ada ip=\S+ result=no-token`)
			if err := c.Stop(); err != nil {
				t.Fatal(err)
			}
			w.logged(`msg=session event=client-disconnect user=ada ip=\S+ result=noted`)
			w.compareEvents(strings.HasSuffix(proto, "6"))
		})
	}
}

func (w *world) compareEvents(v6 bool) {
	w.t.Helper()
	login := w.recordedOnce(sessionEvents[0])
	ipName, ip := "ip", testbed.ClientIP
	if v6 {
		ipName, ip = "ip6", testbed.ClientIP6
	}
	for _, event := range sessionEvents {
		env := w.recordedOnce(event)
		for _, name := range []string{"untrusted_port", "untrusted_" + ipName, "daemon_pid", "daemon_start_time", "session_id"} {
			if env[name] == "" || env[name] != login[name] {
				w.t.Errorf("%s: %s is %q, at the login %q", event, name, env[name], login[name])
			}
		}
		if got, err := netip.ParseAddr(env["untrusted_"+ipName]); err != nil || got != netip.MustParseAddr(ip) {
			w.t.Errorf("%s: the address is %q", event, env["untrusted_"+ipName])
		}
		if event != sessionEvents[0] && (env["trusted_port"] != login["untrusted_port"] || env["trusted_"+ipName] != login["untrusted_"+ipName]) {
			w.t.Errorf("%s: trusted_* is %q port %q", event, env["trusted_"+ipName], env["trusted_port"])
		}
		if _, set := env["password"]; set || env["username"] != "ada" {
			w.t.Errorf("%s: password %v, user %q", event, set, env["username"])
		}
	}
}

// At a renegotiation all is as at the login, and what OpenVPN found of its token
// is new. Without a certificate there is a common name all of a sudden
// (username-as-common-name), and no serial number.
func TestRenegotiationEnvironment(t *testing.T) {
	for name, certificate := range map[string]bool{"certificate": true, "no certificate": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.configure(fileSection)
			w.run("lovelace-1815\n", "user", "add", "ada", "--password-stdin")
			server := w.serveSessions(w.recorder(), "config.toml", testbed.ServerOptions{
				ClientCerts: certificate, HandWindow: 4 * time.Second, Renegotiate: 8 * time.Second,
				Extra: []string{"auth-gen-token 120 60 external-auth"},
			})
			var o testbed.ClientOptions
			if certificate {
				var err error
				if o.Cert, err = w.CA.Write(w.Dir, "laptop", testbed.Cert{Name: "ada-laptop", Client: true}); err != nil {
					t.Fatal(err)
				}
			}
			w.want(w.attempt(w.Client(server, o), "ada", "lovelace-1815"), testbed.Connected, "")
			w.compareRenegotiation(certificate)
		})
	}
}

func (w *world) compareRenegotiation(certificate bool) {
	w.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); len(w.recorded("user-pass-verify")) < 2; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatal("the session was not renegotiated")
		}
	}
	time.Sleep(200 * time.Millisecond) // until the record is whole
	logins, connect := w.recorded("user-pass-verify"), w.recordedOnce("client-connect")
	for _, name := range []string{"untrusted_ip", "untrusted_port", "daemon_pid", "daemon_start_time", "session_id", "username"} {
		if logins[0][name] == "" || logins[1][name] != logins[0][name] {
			w.t.Errorf("%s is %q at the login and %q at the renegotiation", name, logins[0][name], logins[1][name])
		}
	}
	for i, want := range []string{"Initial", "Authenticated"} {
		if got := logins[i]["session_state"]; got != want {
			w.t.Errorf("session_state is %q, want %q", got, want)
		}
	}
	names := []string{"", "ada", "ada"}
	if certificate {
		names = []string{"ada-laptop", "ada", "ada-laptop"}
	}
	for i, env := range []map[string]string{logins[0], connect, logins[1]} {
		if env["common_name"] != names[i] || (env["tls_serial_0"] != "") != certificate {
			w.t.Errorf("call %d: common_name %q, want %q; serial %q", i, env["common_name"], names[i], env["tls_serial_0"])
		}
	}
}
