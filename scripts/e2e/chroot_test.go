//go:build e2e

package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ovpn-verify/scripts/testbed"
)

// jail makes a folder with what `chroot` in server.conf needs: the program, its
// configuration, users and state, and a folder for the daemon. There is no /proc,
// no /dev and no /etc but ours.
func (w *world) jail(worker string) string {
	w.t.Helper()
	jail := w.dir
	for _, dir := range []string{"scratch", "state"} {
		if err := os.Mkdir(w.path(dir), 0o700); err != nil {
			w.t.Fatal(err)
		}
		w.give(w.path(dir))
	}
	// OpenVPN looks for its script before it enters the chroot, and runs it inside.
	if err := os.MkdirAll(filepath.Dir(w.path(binary)), 0o755); err != nil {
		w.t.Fatal(err)
	}
	program, err := os.ReadFile(binary)
	if err == nil {
		err = os.WriteFile(w.path(binary), program, 0o755)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	// Relative paths are the same inside and outside.
	w.write("config.toml", `[login]
backend = "file"
second_factor = "totp"
[state]
path = "state/state.db"
[worker]
linger = "5s"
`+worker+`
[log]
to = "state/log"
`)
	w.run("lovelace-1815\n", "user", "add", "ada", "--password-stdin")
	w.enroll("ada")
	return jail
}

// Inside OpenVPN's chroot logins are decided in the background as outside: under
// a daemon that becomes nobody, and under root with worker.user as a number, since
// there is no list of users.
func TestChroot(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		user, group, worker string
		keeps               bool // a capability, for files that are nobody's
	}{
		"user nobody": {"nobody", "nogroup", "", false},
		"worker.user": {"", "", `user = "65534"`, false},
		"root":        {"", "", "", true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			jail := w.jail(c.worker)
			extra := []string{"chroot " + jail, "tmp-dir /scratch"}
			if c.group != "" {
				extra = append(extra, "group "+c.group)
			}
			w.server = w.Server(testbed.ServerOptions{Verify: binary + " --config /config.toml", User: c.user, Extra: extra})
			w.server.TempDir = filepath.Join(jail, "scratch")
			client := w.Client(w.server, testbed.ClientOptions{})
			w.want(w.attempt(client, "ada", testbed.Static("lovelace-1815", "000000")), testbed.Refused, refusedText)
			w.want(w.attempt(client, "ada", testbed.Static("lovelace-1815", w.code("ada"))), testbed.Connected, "")
			if log := read(w.path("state/log")); !strings.Contains(log, "verdict=accepted") || strings.Contains(log, "hardening") != c.keeps {
				t.Errorf("%s", log)
			}
			if !strings.Contains(w.server.Log(), "authentication deferred") {
				t.Error("the daemon waited for the verdict")
			}
		})
	}
}
