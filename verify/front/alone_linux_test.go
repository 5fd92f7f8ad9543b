//go:build (amd64 || arm64) && !portable

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
	return event(t, binary, prepare, "user-pass-verify", "auth_control_file", "auth_failed_reason_file", args...)
}

// connecting is the client-connect that follows.
func connecting(t *testing.T, binary, prepare string, args ...string) (status int, deferred, directives string) {
	t.Helper()
	return event(t, binary, prepare, "client-connect", "client_connect_deferred_file", "client_connect_config_file", args...)
}

// event is a call with two files for the answer, which these variables name.
func event(t *testing.T, binary, prepare, scriptType, control, text string, args ...string) (status int, answer, said string) {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{"control": "", "text": "", "up": "ada\nx\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	shell := append([]string{"-c", prepare + `; exec "$@"`, "sh", binary}, args...)
	c := exec.Command("/bin/sh", append(shell, dir+"/up")...)
	c.Env = []string{"script_type=" + scriptType, "username=ada", control + "=" + dir + "/control", text + "=" + dir + "/text"}
	c.Stderr = nil
	_ = c.Run()
	// What front leaves to a copy of itself is done a moment later.
	for deadline := time.Now().Add(2 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if answer = content(dir + "/control"); answer == "0" || answer == "1" {
			break
		}
	}
	return c.ProcessState.ExitCode(), answer, content(dir + "/text")
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

// A session that no worker hears of does not begin, also when OpenVPN comes to look
// after the answer is there: it asks then for '2' alone, and reads the directives.
func TestSessionWithoutAWorkerDoesNotBegin(t *testing.T) {
	t.Parallel()
	binary := alone(t)
	for _, n := range []string{"7", "10", "12", "14", "16"} {
		status, deferred, directives := connecting(t, binary, "ulimit -n "+n, "--config", "/s"+n)
		if status != exitRefused && (status != exitTaken || deferred != "0" || directives != "disable\n") {
			t.Errorf("of %s descriptors: status %d, %q, %q", n, status, deferred, directives)
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

// The worker's part is played by a program that ends at once, as a worker does that
// the kernel allows no thread.
func TestWorkerThatEndsBeforeItHasTheJobIsARefusal(t *testing.T) {
	t.Parallel()
	status, control, reason := prepared(t, alone(t), "true", "--config", "/worker-ends")
	if status == exitRefused {
		t.Fatal("OpenVPN had to wait here: nothing was tried")
	}
	if status != exitDeferred || control != "0" || !strings.Contains(reason, "could not be") {
		t.Errorf("status %d, %q, %q", status, control, reason)
	}
}
