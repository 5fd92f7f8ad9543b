//go:build e2e

package e2e_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"ovpn-verify/scripts/testbed"
)

// console is the plain command-line client, with somebody in front of it.
type console struct {
	*testbed.Terminal
	w       *world
	process *os.Process
}

// commandLine starts one whose profile has these lines and what every profile
// has. /run is hidden: where systemd runs, OpenVPN would ask through it.
func (w *world) commandLine(lines string) *console {
	w.t.Helper()
	ca, profile := w.Path("ca.pem"), filepath.Join(w.t.TempDir(), "client.conf")
	common := fmt.Sprintf("client\ndev null\nifconfig-noexec\nroute-noexec\nproto udp4\nnobind\nremote %s %d\n"+
		"ca %s\nremote-cert-tls server\n", testbed.ServerIP, w.server.Port, ca)
	for path, content := range map[string]string{ca: string(w.CA.PEM()), profile: common + lines} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			w.t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(w.t.Context())
	cmd := w.Command(ctx, w.ClientNS, "unshare", "--mount", "sh", "-c",
		`mount -t tmpfs tmpfs /run && exec openvpn --config "$0"`, profile)
	t, err := testbed.StartOnTerminal(cmd, 60)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { cancel(); _ = t.Wait() })
	return &console{Terminal: t, w: w, process: cmd.Process}
}

func (c *console) sees(expression string) {
	c.w.t.Helper()
	if err := c.Expect(expression); err != nil {
		c.w.t.Fatalf("%v\n%s", err, c.Shown)
	}
}

func (c *console) types(text string, hidden bool) {
	c.w.t.Helper()
	send := c.Type
	if hidden {
		send = c.TypeHidden
	}
	if err := send(text + "\n"); err != nil {
		c.w.t.Fatal(err)
	}
}

func (c *console) logsIn(user, password string) {
	c.w.t.Helper()
	c.sees("Enter Auth Username:$")
	c.types(user, false)
	c.sees("Enter Auth Password:$")
	c.types(password, true)
}

// profile is one of the document: its lines, and what it says that is shown.
type profile struct{ lines, shown string }

func clientProfiles(t *testing.T) map[string]profile {
	t.Helper()
	content, err := os.ReadFile("../../docs/clients.md")
	if err != nil {
		t.Fatal(err)
	}
	profiles := map[string]profile{}
	for _, s := range readDocument(t, "clients.md") {
		name, isProfile := strings.CutPrefix(s.path, "/etc/openvpn/client/")
		if !isProfile {
			continue
		}
		_, after, _ := strings.Cut(string(content), "`"+s.path+"`")
		_, after, _ = strings.Cut(after, "```text\n")
		shown, _, _ := strings.Cut(after, "```")
		profiles[strings.TrimSuffix(name, ".conf")] = profile{s.block, shown}
	}
	return profiles
}

var sixDigits = regexp.MustCompile(`[0-9]{6}\b`)

// dialogue is what is not a line of the client's log.
func dialogue(shown string) string {
	var b strings.Builder
	for line := range strings.Lines(shown) {
		if at := strings.Index(line, "Initialization Sequence Completed"); at >= 0 {
			b.WriteString(line[at:])
		} else if strings.Contains(line, "Auth ") && strings.HasPrefix(line, "Enter") || strings.HasPrefix(line, "CHALLENGE") {
			b.WriteString(line)
		}
	}
	return sixDigits.ReplaceAllString(b.String(), "CODE")
}

// docs/clients.md says what a profile needs and what its user sees: both are
// taken from there. Nothing in them says push-peer-info.
func TestProfilesOfTheCommandLine(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.configure("[login]\nbackend = \"file\"\nsecond_factor = \"totp\"\n[file]\npath = \"users.toml\"\n[totp]\nappended = true\nskew = 2\n")
	w.run("lovelace-1815\n", "user", "add", "ada", "--password-stdin")
	w.give(w.path("users.toml"))
	w.enroll("ada")
	w.secrets = append(w.secrets, "lovelace-1815")
	w.serve(testbed.ServerOptions{})
	profiles := clientProfiles(t)
	dynamic := w.profile(profiles["asks"], func(c *console) {
		c.logsIn("ada", "lovelace-1815")
		c.sees("CHALLENGE: Enter the code from your authenticator app$")
		c.types(w.code("ada"), true)
	})
	w.profile(profiles["static"], func(c *console) {
		c.logsIn("ada", "lovelace-1815")
		c.sees("CHALLENGE: Code$")
		c.types(w.code("ada"), false)
	})
	w.profile(profiles["field"], func(c *console) { c.logsIn("ada", "lovelace-1815"+w.code("ada")) })
	dynamic.asksAfterARestart()

	w.write("users.toml", "not a users file")
	c := w.commandLine(profiles["asks"].lines)
	c.logsIn("ada", "lovelace-1815")
	c.sees(regexp.QuoteMeta("AUTH_FAILED," + unavailableText))
}

// profile logs in with it, and compares what is shown.
func (w *world) profile(p profile, rest func(*console)) *console {
	w.t.Helper()
	if !strings.Contains(p.lines, "auth-user-pass") || p.shown == "" {
		w.t.Fatalf("the document has no such profile: %q", p)
	}
	c := w.commandLine(p.lines)
	rest(c)
	c.sees("Initialization Sequence Completed\n")
	if got := dialogue(c.Shown); got != sixDigits.ReplaceAllString(p.shown, "CODE") {
		w.t.Errorf("%sthe client shows\n%sthe document says\n%s", p.lines, got, p.shown)
	}
	return c
}

// asksAfterARestart is what a client does that finds, when it wakes, that the
// server has not answered for ping-restart: it sends what it has, and is refused.
func (c *console) asksAfterARestart() {
	c.w.t.Helper()
	if err := c.process.Signal(syscall.SIGUSR1); err != nil {
		c.w.t.Fatal(err)
	}
	c.sees("AUTH_FAILED," + refusedText)
	c.sees("Enter Auth Username:$")
}
