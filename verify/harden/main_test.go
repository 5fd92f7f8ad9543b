package harden_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"ovpn-verify/verify/harden"
)

// order makes this test binary a process that restricts itself, since nothing
// gives back what was given up, and does what the order says.
const order = "OVPN_VERIFY_TEST_RESTRICT"

type task struct {
	User  string
	Files []harden.File
	Open  []string  // paths to read
	Make  []string  // paths to make a file at
	Move  [2]string // a file that takes another's place
	Env   []string
}

type outcome struct {
	Err     string
	Notes   []string
	Open    []bool
	Make    []bool
	Changed bool // after Move
}

func TestMain(m *testing.M) {
	if text, ordered := os.LookupEnv(order); ordered {
		carryOut(text)
		return
	}
	os.Exit(m.Run())
}

func carryOut(text string) {
	var t task
	var o outcome
	if err := json.Unmarshal([]byte(text), &t); err != nil {
		panic(err)
	}
	r, err := harden.Restrict(t.User, t.Files, true)
	o.Notes = r.Notes
	if err != nil {
		o.Err = err.Error()
	}
	for _, path := range t.Open {
		f, err := os.Open(path)
		o.Open = append(o.Open, err == nil)
		f.Close()
	}
	for _, path := range t.Make {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
		o.Make = append(o.Make, err == nil)
		f.Close()
	}
	if t.Move[0] != "" && os.Rename(t.Move[0], t.Move[1]) != nil {
		o.Err = "not moved"
	}
	o.Changed = r.Changed()
	_ = json.NewEncoder(os.Stdout).Encode(o)
}

func (t task) run(tt *testing.T) (o outcome) {
	tt.Helper()
	text, err := json.Marshal(t)
	if err != nil {
		tt.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		tt.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(append(os.Environ(), t.Env...), order+"="+string(text), "GORACE=atexit_sleep_ms=0")
	out, err := cmd.CombinedOutput()
	if err == nil {
		err = json.Unmarshal(out, &o)
	}
	if err != nil {
		tt.Fatalf("%v\n%s", err, out)
	}
	return o
}

// tree makes files below a folder of the test and returns their paths.
func tree(t *testing.T, names ...string) []string {
	t.Helper()
	dir := t.TempDir()
	paths := make([]string, len(names))
	for i, name := range names {
		paths[i] = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(paths[i]), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(paths[i], nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return paths
}

// confined tells what the process said of itself; where the kernel cannot do it,
// the process has to say so.
func (o outcome) confined() bool {
	return !slices.ContainsFunc(o.Notes, func(n string) bool { return strings.Contains(n, "no Landlock") }) && runtime.GOOS == "linux"
}
