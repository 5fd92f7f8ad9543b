//go:build amd64 || arm64

package front

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// alone is front as the kernel starts it. The worker's part is played by the same
// program, which without script_type does nothing.
func alone(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "alone")
	build := exec.Command("go", "build", "-ldflags", "-E ovpn-verify/verify/front.Entry", "-o", binary, "./testdata/alone")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return binary
}

// prepared is a login by a shell that prepares the process for it.
func prepared(t *testing.T, binary, prepare string, args ...string) (status int, control, reason string) {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{"acf": "", "afr": "", "up": "ada\nx\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	shell := append([]string{"-c", prepare + `; exec "$@"`, "sh", binary}, args...)
	c := exec.Command("/bin/sh", append(shell, dir+"/up")...)
	c.Env = []string{"script_type=user-pass-verify", "username=ada", "auth_control_file=" + dir + "/acf", "auth_failed_reason_file=" + dir + "/afr"}
	c.Stderr = nil
	_ = c.Run()
	// What front leaves to a copy of itself is done a moment later.
	for deadline := time.Now().Add(2 * time.Second); control == "" && time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		control = content(dir + "/acf")
	}
	return c.ProcessState.ExitCode(), control, content(dir + "/afr")
}

func content(path string) string {
	b, _ := os.ReadFile(path)
	return string(b)
}

// Where there are too few descriptors for the worker's, the login is refused and
// not left hanging.
func TestTooFewDescriptorsAreARefusal(t *testing.T) {
	t.Parallel()
	binary := alone(t)
	for _, n := range []string{"7", "10", "12", "14", "16"} {
		status, control, reason := prepared(t, binary, "ulimit -n "+n, "--config", "/c"+n)
		if status != exitRefused && (status != exitDeferred || control != "0") || !strings.Contains(reason, "could not be") {
			t.Errorf("of %s descriptors: status %d, %q, %q", n, status, control, reason)
		}
	}
}

// With standard error closed, a line for the log must not become the user's text.
func TestClosedStandardErrorIsNotTheReasonFile(t *testing.T) {
	t.Parallel()
	binary := alone(t)
	for _, closed := range []string{"exec 2>&-", "exec <&- >&- 2>&-"} {
		status, _, reason := prepared(t, binary, closed, "--bogus")
		if status != exitRefused || reason == "" || strings.Contains(reason, "ovpn-verify:") {
			t.Errorf("%s: status %d, the user reads %q", closed, status, reason)
		}
	}
}
