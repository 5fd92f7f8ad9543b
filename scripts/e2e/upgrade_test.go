//go:build e2e

package e2e_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ovpn-verify/scripts/testbed"
)

// Whichever way the program is replaced, and back again, while logins go on and a
// worker runs: each of them is accepted.
func TestUpgradeLosesNoLogin(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	newer, err := testbed.BuildPackages(packaged.dir, "1.0.1")
	if err != nil {
		t.Fatal(err)
	}
	older := packaged.packages
	h.run("dpkg -i " + h.bring(older.Deb))
	h.serverConf("user ovpn-verify\ngroup ovpn-verify\nduplicate-cn\n")
	h.setUp("none")
	server := h.startUnit()
	client := h.Client(server, testbed.ClientOptions{})
	h.wantConnected(client)
	h.wantWorkerOf("ovpn-verify")
	// The calls below come from root, whose worker has to become the user by itself.
	h.run(`sed -i 's/^user = .*/user = "ovpn-verify"/' /etc/ovpn-verify/config.toml`)

	ctx, stop := context.WithCancel(t.Context())
	var logins atomic.Int64
	var callers sync.WaitGroup
	for i := range 3 {
		callers.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				h.logIn(1024 + 10000*i + n)
				logins.Add(1)
			}
		})
	}
	before := logins.Load()
	for _, deb := range []string{newer.Deb, older.Deb, newer.Deb} {
		h.run("dpkg -i --force-downgrade " + h.bring(deb))
		h.wantConnected(client)
	}
	for _, tarball := range []string{newer.Tarball} {
		there := h.bring(tarball)
		h.run("cd /root && tar xzf " + there + " && " + strings.TrimSuffix(there, ".tar.gz") + "/install --prefix /usr")
		h.wantConnected(client)
	}
	during := logins.Load() - before
	stop()
	callers.Wait()
	if during < 30 {
		t.Errorf("no more than %d logins while the program was replaced four times", during)
	}
	if out := h.run("ovpn-verify version"); !strings.Contains(out, "1.0.1") {
		t.Errorf("the program is %s", out)
	}
	t.Logf("%d logins while the program was replaced four times", during)
}

func (h *host) wantConnected(c *testbed.Client) {
	h.t.Helper()
	if e := h.attempt(c, "ada", adasPassword); e.Kind != testbed.Connected {
		h.t.Errorf("the client saw %v, want a connection", e)
	}
	if err := c.Restart(); err != nil {
		h.t.Error(err)
	}
}

// logIn calls the program on the host as the daemon does, and again at once.
func (h *host) logIn(port int) {
	enter := h.Command(h.t.Context(), "/usr/bin/ovpn-verify")
	call := testbed.Call{
		Binary: enter.Path, Args: enter.Args[1:], Username: "ada", Password: adasPassword,
		IP: "192.0.2.7", Port: port, Window: 30 * time.Second, Dir: h.Dir,
	}
	if r, err := call.Run(context.WithoutCancel(h.t.Context())); err != nil || !r.Accepted() {
		h.t.Errorf("a login while the program was replaced: %v, %s", err, fmt.Sprintf("%+v", r))
	}
}
