package main

import (
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
