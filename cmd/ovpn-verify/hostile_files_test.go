package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ovpn-verify/backends/backendtest/fakeldap"
	"ovpn-verify/scripts/testbed"
)

// Whoever may write to the daemon's temporary folder cannot have us write elsewhere.
func TestSymlinkedResultFile(t *testing.T) {
	t.Parallel()
	g := newGateway(t, "file", 0)
	for _, variable := range []string{"auth_control_file", "auth_failed_reason_file"} {
		g.write("elsewhere", "untouched")
		link := g.path(variable)
		if err := os.Symlink(g.path("elsewhere"), link); err != nil {
			t.Fatal(err)
		}
		c := g.call()
		c.Env = map[string]string{variable: link}
		if r := g.run(c); r.Accepted() || r.Status != exitRefused {
			t.Errorf("%s: %+v", variable, r)
		}
		if got := g.read("elsewhere"); got != "untouched" {
			t.Errorf("%s: the link's target holds %q", variable, got)
		}
	}
	if n := len(testbed.Workers(g.dir)); n != 0 {
		t.Errorf("%d workers were started", n)
	}
}

// Before the call: refused at once. After it: the verdict goes to files that
// nobody sees any more, and none are made.
func TestResultFilesGone(t *testing.T) {
	t.Parallel()
	g := newGateway(t, "ldap", 200*time.Millisecond)
	c := g.call()
	c.Env = map[string]string{"auth_control_file": g.path("gone")}
	if r := g.run(c); r.Accepted() || r.Status != exitRefused {
		t.Errorf("gone before the call: %+v", r)
	}
	c = g.call()
	c.Dir = t.TempDir()
	c.Window = time.Millisecond // the daemon removes the files then
	if r := g.run(c); r.Accepted() || r.Status != 2 || r.Reason != unfinishedText {
		t.Errorf("gone before the verdict: %+v", r)
	}
	g.waitLog("verdict=accepted")
	if left := filesBelow(t, c.Dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if strings.Contains(strings.Join(filesBelow(t, g.dir), " "), "gone") {
		t.Error("a result file was made")
	}
	g.letsIn()
}

func (g *gateway) waitLog(text string) {
	g.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !strings.Contains(g.read("log"), text); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			g.t.Fatalf("not in the log: %s\n%s", text, g.read("log"))
		}
	}
}

// The login that waits ends as it began; the next one is decided by the new
// configuration, and the old worker is gone when it has nothing to do.
func TestConfigReplacedWhileRunning(t *testing.T) {
	t.Parallel()
	g := newGateway(t, "ldap", 500*time.Millisecond)
	config := strings.Replace(g.read("config.toml"), "[state]", "[worker]\nlinger = \"300ms\"\n[state]", 1)
	g.write("config.toml", config)
	g.letsIn() // so that a worker has read it
	pending := g.startTaken(g.call())
	g.write("config.toml", strings.Replace(config, fakeldap.ExampleBaseDN, "ou=nobody,dc=example,dc=org", 1))
	if r := g.run(g.call()); r.Accepted() {
		t.Errorf("decided by the old configuration: %+v", r)
	}
	g.write("config.toml", "[login]\nbackend = \"fi")
	if r := g.run(g.call()); r.Accepted() || r.Reason != unavailableText {
		t.Errorf("with half a configuration: %+v", r)
	}
	if r, err := pending.Wait(t.Context()); err != nil || !r.Accepted() {
		t.Errorf("the login that waited: %+v, %v", r, err)
	}
	g.write("config.toml", config)
	g.letsIn()
	g.waitWorkers(0)
}

// An upgrade puts another binary in the old one's place, or removes it.
func TestBinaryReplacedWhileRunning(t *testing.T) {
	t.Parallel()
	g := newGateway(t, "ldap", 500*time.Millisecond)
	g.binary = filepath.Join(t.TempDir(), "ovpn-verify")
	install := func() {
		t.Helper()
		if err := copyFile(binary, g.binary+".new"); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(g.binary+".new", g.binary); err != nil {
			t.Fatal(err)
		}
	}
	install()
	pending := g.startTaken(g.call())
	older := testbed.Workers(g.dir)
	install()
	g.letsIn()
	if r, err := pending.Wait(t.Context()); err != nil || !r.Accepted() {
		t.Errorf("the login that waited: %+v, %v", r, err)
	}
	g.waitWorkers(1) // nobody asks the older one any more
	if len(older) != 1 || testbed.Workers(g.dir)[0].PID == older[0].PID {
		t.Errorf("the worker of the older program stays: %+v", older)
	}
	pending = g.startTaken(g.call())
	if err := os.Remove(g.binary); err != nil {
		t.Fatal(err)
	}
	if r, err := pending.Wait(t.Context()); err != nil || !r.Accepted() {
		t.Errorf("without a binary: %+v, %v", r, err)
	}
}

func (g *gateway) waitWorkers(n int) {
	g.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); len(testbed.Workers(g.dir)) != n; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			g.t.Fatalf("%d workers, want %d", len(testbed.Workers(g.dir)), n)
		}
	}
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		return err
	}
	return out.Close()
}
