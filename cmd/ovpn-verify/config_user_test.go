package main

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// What would refuse every login is no fine configuration: root, who checks it,
// may read everything, and the user that the worker becomes may not.
func TestConfigCheckLooksAsTheWorkersUser(t *testing.T) {
	t.Parallel()
	g := newGateway(t, "file", 0)
	g.write("config.toml", g.read("config.toml")+"[worker]\nuser = \"65533\"\n")
	out, err := exec.Command(g.binary, "--config", g.path("config.toml"), "config", "check").CombinedOutput()
	if os.Geteuid() != 0 { // it cannot become anybody, and says nothing of it
		if err != nil || !strings.Contains(string(out), "is fine") {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	if err == nil || strings.Contains(string(out), "is fine") || !strings.Contains(string(out), `worker.user "65533" may not `) {
		t.Errorf("%v\n%s", err, out)
	}
}

// Root's group may write to the folder, so that nothing stands in root's way but
// that what it makes there has to be the owner's.
func TestWorkerOfRootKeepsTheStateInAnothersFolder(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		return // nobody else can give files away
	}
	g := newGateway(t, "file", 0)
	folder := g.path("state")
	if err := errors.Join(os.Mkdir(folder, 0o770), os.Chown(folder, 65533, 0), os.Chmod(folder, 0o770)); err != nil {
		t.Fatal(err)
	}
	g.write("config.toml", strings.Replace(g.read("config.toml"), `"state.db"`, `"state/state.db"`, 1))
	g.letsIn()
	if _, err := os.Stat(g.path("state/state.db")); err != nil || !strings.Contains(g.read("log"), "root keeps CAP_DAC_OVERRIDE and CAP_CHOWN") {
		t.Errorf("%v\n%s", err, g.read("log"))
	}
}
