//go:build e2e

package e2e_test

import (
	"os/exec"
	"strings"
	"testing"

	"ovpn-verify/scripts/testbed"
)

// untilTheEnd makes five logins, as a daemon that is not process 1, and counts what
// they left behind.
const untilTheEnd = `for login in 1 2 3 4 5; do "$@"; [ $? = 2 ] || exit 9; done
/bin/sleep 1
/bin/cat /proc/[0-9]*/status | /bin/grep -c '^State:.Z'`

// In a container process 1 has to reap what its children leave. timeout(1) waits for
// its own child alone, as many programs do: there each zombie stays, and in the end
// OpenVPN cannot start a process. A shell waits for all.
func TestContainerWithoutAnInit(t *testing.T) {
	w := newWorld(t)
	w.configure(fileSection)
	w.run("lovelace-1815\n", "user", "add", "ada", "--password-stdin")
	for _, first := range [][]string{{"/usr/bin/timeout", "60", "/bin/sh"}, {"/bin/sh"}} {
		login, err := testbed.Call{Binary: binary, Config: w.path("config.toml"), Username: "ada", Password: "lovelace-1815", Dir: w.dir}.Prepare()
		if err != nil {
			t.Fatal(err)
		}
		args := append([]string{"--pid", "--fork", "--mount-proc"}, first...)
		args = append(args, "-c", untilTheEnd, "sh", binary)
		c := exec.Command("/usr/bin/unshare", append(args, login.Args...)...)
		c.Env = login.Env
		out, _ := c.CombinedOutput() // grep that counts none is no success
		if zombies := strings.TrimSpace(string(out)); zombies != "0" || login.Verdict() != '1' {
			t.Errorf("under %s: %q, verdict %q", first[0], zombies, login.Verdict())
		}
		if err := login.Remove(); err != nil {
			t.Error(err)
		}
	}
}
