package main

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// waitStatus REGEXP: until `status` prints it: the counters are written once a second.
func waitStatus(ts *testscript.TestScript, neg bool, args []string) {
	re := regexp.MustCompile("(?m)" + args[0])
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		out, err := exec.Command(binary, "--config", filepath.Join(of(ts).dir, "config.toml"), "status").CombinedOutput()
		if err == nil && re.Match(out) {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("status does not tell %s: %v\n%s", args[0], err, out)
		}
	}
}
