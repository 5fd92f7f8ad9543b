// Package scripts has the tests of the scripts beside it.
package scripts

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const (
	wentWell   = "printf 'fuzz: elapsed: 1s, execs: 4711 (9/sec)\\nPASS\\nok  \\tpkg\\t1.0s\\n'; exit 0\n"
	atDeadline = "printf 'fuzz: elapsed: 1s, execs: 9 (9/sec)\\n--- FAIL: FuzzReason (1.05s)\\n    context deadline exceeded\\nFAIL\\nexit status 1\\nFAIL\\tpkg\\t1.1s\\n'; exit 1\n"
	found      = "printf -- '--- FAIL: FuzzReason (1.05s)\\n    --- FAIL: FuzzReason (0.00s)\\n        context deadline exceeded\\n    Failing input written to testdata/fuzz/FuzzReason/1\\nFAIL\\nexit status 1\\nFAIL\\tpkg\\t1.1s\\n'; exit 1\n"
)

// TestFuzzScript: only the toolchain's own false alarm is run again, and nothing
// that fails for another reason, or always, ends well.
func TestFuzzScript(t *testing.T) {
	for name, c := range map[string]struct {
		first, later string
		ok           bool
		want         string
	}{
		"well":            {wentWell, wentWell, true, `(?m)^ok +\./challenge +FuzzReason +execs: 4711$`},
		"deadline, well":  {atDeadline, wentWell, true, `execs: 4711 \(second run, after golang/go#75804\)`},
		"deadline, found": {atDeadline, found, false, `(?s)FAIL .*Failing input`},
		"deadline always": {atDeadline, atDeadline, false, `FAIL +\./challenge`},
		"found":           {found, wentWell, false, `(?s)FAIL .*Failing input`},
		"panic":           {"echo 'panic: x'; exit 2\n", wentWell, false, "panic: x"},
	} {
		dir := t.TempDir()
		stub := "#!/bin/bash\nif mkdir " + filepath.Join(dir, "called") + " 2>/dev/null; then " + strings.TrimSpace(c.first) + "; fi\n" + c.later
		if err := os.WriteFile(filepath.Join(dir, "go"), []byte(stub), 0o755); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("./fuzz")
		cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "FUZZ=^FuzzReason$")
		out, err := cmd.CombinedOutput()
		if (err == nil) != c.ok || !regexp.MustCompile(c.want).Match(out) {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

// Every target is found, without a list that somebody has to keep.
func TestFuzzScriptFindsAllTargets(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "go"), []byte("#!/bin/bash\n"+wentWell), 0o755); err != nil {
		t.Fatal(err)
	}
	listed, err := exec.Command("bash", "-c", "grep -rhE --include='*_test.go' '^func Fuzz' .. | wc -l").Output()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("./fuzz")
	cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	want := strings.TrimSpace(string(listed)) + " fuzz targets"
	if err != nil || !strings.Contains(string(out), want) {
		t.Errorf("%v, want %s\n%s", err, want, out)
	}
}
