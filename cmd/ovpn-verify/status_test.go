package main

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"ovpn-verify/verify/state"
	"ovpn-verify/verify/status"
	"ovpn-verify/verify/trace"
)

func pageOf(t *testing.T, name string) string {
	t.Helper()
	page, err := os.ReadFile("../../docs/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

func TestThePageOfStatusHasEveryField(t *testing.T) {
	page, keys := tableOf(t, pageOf(t, "status.md"), "## Fields"), keysOf(reflect.TypeFor[statusJSON](), "")
	if !slices.Equal(page, keys) {
		t.Errorf("the page has the fields\n%q, the program\n%q", page, keys)
	}
}

func TestThePageOfStatusHasEveryMetric(t *testing.T) {
	dir := t.TempDir()
	r := status.Start(status.Options{
		Path: filepath.Join(dir, "s"), Textfile: filepath.Join(dir, "m.prom"), Series: series(),
		Worker: status.Worker{Started: time.Now()}, Failed: func(err error) { t.Error(err) },
	})
	defer r.Close()
	r.Step(trace.Step{Name: "search", Server: "dc1"})
	var text []byte
	for deadline := time.Now().Add(10 * time.Second); len(text) == 0 && time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		text, _ = os.ReadFile(filepath.Join(dir, "m.prom"))
	}
	var page, code []string
	for _, row := range regexp.MustCompile("(?m)^\\| `(\\w+)[{`][^|]* \\| (\\w+) \\|").FindAllStringSubmatch(pageOf(t, "status.md"), -1) {
		if strings.HasPrefix(row[1], "ovpn_verify_") {
			page = append(page, row[1]+" "+row[2])
		}
	}
	for _, line := range regexp.MustCompile(`(?m)^# TYPE (.*)$`).FindAllStringSubmatch(string(text), -1) {
		code = append(code, line[1])
	}
	slices.Sort(page)
	slices.Sort(code)
	if !slices.Equal(page, code) {
		t.Errorf("the page has the metrics\n%q, the program\n%q", page, code)
	}
}

// Everything that there can be, and nothing that a terminal would obey.
func TestStatusDocument(t *testing.T) {
	at := time.Unix(1_800_000_000, 0)
	s := currentStatus{
		now: at, avoided: map[string]time.Time{"ldap dc2\x1b": at.Add(time.Minute)},
		counted: status.Snapshot{
			Since: at, Logins: []status.Logins{{Backend: "ldap", Verdict: "refused", Reason: "wrong-code", Count: 3}},
			Workers: []status.Worker{{PID: 7, Started: at, Version: "v1", Config: "/c", Pending: 2}},
			Servers: []status.Server{{Backend: "ldap", Name: "dc2\x1b", Changed: at, Failed: 1, Cause: "no\x1banswer"}},
		},
		locks: []state.LockOut{{Kind: state.CountFactor, Name: "a\nb", Until: at}},
	}
	got, err := json.Marshal(statusDocument(s, errors.New("the state\x07")))
	want := `{"format":1,"now":"2027-01-15T08:00:00Z","running":true,` +
		`"workers":[{"pid":7,"started":"2027-01-15T08:00:00Z","version":"v1","config":"/c","pending":2}],"since":"2027-01-15T08:00:00Z",` +
		`"logins":{"count":0,"mean_ms":0,"p50_ms":0,"p95_ms":0,"p99_ms":0},` +
		`"ends":[{"backend":"ldap","verdict":"refused","reason":"wrong-code","count":3}],` +
		`"servers":[{"backend":"ldap","server":"dc2","up":false,"changed":"2027-01-15T08:00:00Z",` +
		`"requests":{"count":0,"mean_ms":0,"p50_ms":0,"p95_ms":0,"p99_ms":0},"failures":1,"cause":"no answer","asked_last_until":"2027-01-15T08:01:00Z"}],` +
		`"locked":[{"kind":"codes","name":"a b","until":"2027-01-15T08:00:00Z"}],"faults":["the state"]}`
	if err != nil || string(got) != want {
		t.Errorf("%s, %v", got, err)
	}
}

// Of what another user may not read it says so, and not that there is nothing.
func TestStatusDoesNotTellOfNothingWhereItMayNotLook(t *testing.T) {
	dir := openFolder(t)
	config := filepath.Join(dir, "config.toml")
	if err := errors.Join(os.WriteFile(config, []byte("[login]\nbackend = \"file\"\nsecond_factor = \"none\"\n[state]\npath = \"state/state.db\"\n"), 0o644),
		os.Mkdir(filepath.Join(dir, "state"), 0o000)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, "--config", config, "status")
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	var out, said strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err == nil || out.Len() > 0 || !strings.Contains(said.String(), "hint: run it as root") {
		t.Errorf("%v\n%s\n%s", err, out.String(), said.String())
	}
}
