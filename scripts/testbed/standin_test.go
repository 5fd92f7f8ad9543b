package testbed_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ovpn-verify/scripts/testbed"
)

// call runs a shell script as the daemon would; the script has no PATH.
func call(t *testing.T, script string) testbed.Call {
	t.Helper()
	path := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	return testbed.Call{Binary: path, Username: "ada", Password: "sec ret", Dir: t.TempDir()}
}

func result(t *testing.T, c testbed.Call) testbed.Result {
	t.Helper()
	r, err := c.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(c.Dir); len(left) > 0 {
		t.Errorf("%s and %d more are left behind", left[0].Name(), len(left)-1)
	}
	return r
}

func TestCallHandsCredentialsOver(t *testing.T) {
	script := `{ read -r user; read -r password; } < "$1"
[ "$user:$password:$username" = "ada:sec ret:ada" ] && exit 0`
	if r := result(t, call(t, script)); r.Status != 0 || !r.Accepted() {
		t.Errorf("%+v", r)
	}
	c := call(t, `[ $# = 0 ] && [ "$username:$password" = "ada:sec ret" ] && exit 0`)
	c.ViaEnv = true
	if r := result(t, c); r.Status != 0 {
		t.Errorf("in the environment: %+v", r)
	}
	c = call(t, `[ "$1 $2 $3" = "--config /c.toml --help" ] && [ -s "$4" ] && exit 0`)
	c.Config, c.Args = "/c.toml", []string{"--help"}
	if r := result(t, c); r.Status != 0 {
		t.Errorf("arguments: %+v", r)
	}
}

func TestCallReadsTheAnswer(t *testing.T) {
	reason := `printf 'the reason' > "$auth_failed_reason_file"; `
	for _, c := range []struct {
		name, script     string
		status           int
		verdict          byte
		reason, expected string
	}{
		{"accepted later", reason + `printf 1 > "$auth_control_file"; exit 2`, 2, '1', "", "accepted"},
		{"refused later", reason + `printf 0 > "$auth_control_file"; exit 2`, 2, '0', "the reason", "refused"},
		{"refused at once", reason + `exit 1`, 1, 0, "the reason", "refused"},
		{"refused at once with a verdict", `printf 1 > "$auth_control_file"; exit 1`, 1, 0, "", "refused"},
		{"window closes", reason + `exit 2`, 2, 0, "the reason", "refused"},
		{"no verdict", reason + `printf 'CRV1' > "$auth_control_file"; exit 2`, 2, 0, "the reason", "refused"},
		{"killed", `kill -9 $$`, -1, 0, "", "refused"},
	} {
		t.Run(c.name, func(t *testing.T) {
			call := call(t, c.script)
			call.Window = 100 * time.Millisecond
			r := result(t, call)
			if r.Status != c.status || r.Verdict != c.verdict || r.Reason != c.reason || r.Accepted() != (c.expected == "accepted") {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestCallWithoutDeferral(t *testing.T) {
	c := call(t, `echo "files:$auth_control_file:$auth_failed_reason_file:$auth_pending_file"; exit 2`)
	c.NoDeferral = true
	if r := result(t, c); r.Output != "files:::\n" || r.Accepted() || r.Waited != 0 {
		t.Errorf("%+v", r)
	}
}

func TestCallsInFlight(t *testing.T) {
	// The program ends at once; something else gives the verdict.
	c := call(t, `printf '60\ncrtext\nCR_TEXT:R:Code' > "$auth_pending_file"
( /bin/sleep 0.3; printf 1 > "$auth_control_file" ) & exit 2`)
	var pending []*testbed.Deferred
	began := time.Now()
	for range 10 {
		d, err := c.Start(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		pending = append(pending, d)
	}
	for _, d := range pending {
		r, err := d.Wait(t.Context())
		if err != nil || !r.Accepted() || r.Blocked > 250*time.Millisecond || !strings.Contains(r.Pending, "CR_TEXT:R:Code") {
			t.Errorf("%+v, error %v", r, err)
		}
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("10 calls at once took %v", took)
	}
}

func TestCallHasTheDaemonsEnvironment(t *testing.T) {
	c := call(t, `[ -z "$HOME$USER" ] && echo "$script_type $untrusted_ip $untrusted_port $IV_PROTO $session_state"; exit 1`)
	c.IP, c.Port, c.Env = "198.51.100.7", 4711, map[string]string{"session_state": "Initial", "IV_PROTO": "2"}
	t.Setenv("HOME", "/root")
	if r := result(t, c); r.Output != "user-pass-verify 198.51.100.7 4711 2 Initial\n" {
		t.Errorf("%+v", r)
	}
}

func TestPreparedCallIsStartedByOthers(t *testing.T) {
	dir := t.TempDir()
	p, err := testbed.Call{Config: "/c.toml", Username: "ada", Password: "x", Dir: dir}.Prepare()
	if err != nil {
		t.Fatal(err)
	}
	script := `[ "$1 $2" = "--config /c.toml" ] && [ -s "$3" ] && printf 1 > "$auth_control_file"`
	cmd := exec.Command("/bin/sh", append([]string{"-c", script, "sh"}, p.Args...)...)
	cmd.Env = p.Env
	if before, err := p.Verdict(), cmd.Run(); err != nil || before != 0 || p.Verdict() != '1' {
		t.Errorf("verdict %q, then %q, error %v", before, p.Verdict(), err)
	}
	if err := p.Remove(); err != nil {
		t.Error(err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("%d files are left behind", len(left))
	}
}
