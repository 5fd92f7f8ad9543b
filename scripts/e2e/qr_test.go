//go:build e2e

package e2e_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ovpn-verify/challenge"
	"ovpn-verify/scripts/testbed"
	"ovpn-verify/verify/state"
)

// desk is an administrator's: a configuration, a state and a screen.
type desk struct {
	t      *testing.T
	dir    string
	screen *testbed.Screen
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{t: t, dir: t.TempDir()}
	config := "[login]\nbackend = \"file\"\nsecond_factor = \"totp\"\n[state]\npath = \"state.db\"\n[log]\nto = \"log\"\n"
	if err := os.WriteFile(d.path("config.toml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *desk) path(name string) string { return filepath.Join(d.dir, name) }

func (d *desk) environ() []string { return []string{"OVPN_VERIFY_CONFIG=" + d.path("config.toml")} }

// run is one call without a terminal.
func (d *desk) run(stdin string, args ...string) string {
	d.t.Helper()
	cmd := exec.CommandContext(d.t.Context(), binary, args...)
	cmd.Env, cmd.Dir, cmd.Stdin = append(os.Environ(), d.environ()...), d.dir, strings.NewReader(stdin)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		d.t.Fatalf("%v: %v: %s%s", args, err, out, stderr.String())
	}
	return string(out)
}

func (d *desk) openScreen() {
	d.t.Helper()
	dir := d.t.TempDir()
	screen, err := testbed.NewScreen(dir)
	if err != nil {
		d.t.Fatal(err)
	}
	d.screen = screen
	d.t.Cleanup(func() {
		if err := screen.Close(); err != nil {
			d.t.Error(err)
		}
	})
}

// read is what a phone would read from a command's terminal.
func (d *desk) read(x testbed.Xterm, command ...string) string {
	d.t.Helper()
	end, err := d.screen.Show(x, d.environ(), command...)
	if err != nil {
		d.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(d.t.Context(), 15*time.Second)
	defer cancel()
	text, err := d.screen.ReadQR(ctx)
	if err != nil {
		d.t.Errorf("%+v, %q: %v", x, command, err)
	}
	if err := end(); err != nil {
		d.t.Error(err)
	}
	return text
}

// uri is what the state says of the user.
func (d *desk) uri(user string) string {
	d.t.Helper()
	store := state.OpenExisting(d.path("state.db"), d.path("state.db.key"))
	defer store.Close()
	e, err := store.Enrolment(d.t.Context(), user)
	if err != nil {
		d.t.Fatal(err)
	}
	form := challenge.TOTP{Digits: e.Digits, Period: e.Period}
	return form.URI("OpenVPN", e.Identity, e.Seed)
}

// A QR code is good for something only if phones read it from real terminals:
// dark and light ones, with colours turned off, small letters and large ones.
func TestQRCodesAreReadFromTerminals(t *testing.T) {
	d := newDesk(t)
	d.openScreen()
	for name, c := range map[string]struct {
		xterm testbed.Xterm
		kind  string
	}{
		"dark":           {testbed.Xterm{Foreground: "white", Background: "black", FontSize: "10", Geometry: "80x40"}, "auto"},
		"light":          {testbed.Xterm{Foreground: "black", Background: "white", FontSize: "10", Geometry: "80x40"}, "auto"},
		"small and dark": {testbed.Xterm{Foreground: "grey", Background: "black", FontSize: "6", Geometry: "80x40"}, "utf8"},
		"a line between": {testbed.Xterm{Foreground: "white", Background: "black", FontSize: "9", Geometry: "80x40"}, "utf8"},
		"large":          {testbed.Xterm{Foreground: "white", Background: "black", FontSize: "14", Geometry: "80x40"}, "utf8"},
		"solarized":      {testbed.Xterm{Foreground: "#839496", Background: "#002b36", FontSize: "11", Geometry: "80x40"}, "utf8"},
		"ASCII on dark":  {testbed.Xterm{Foreground: "white", Background: "black", FontSize: "8", Geometry: "100x60"}, "ascii"},
		"ASCII on light": {testbed.Xterm{Foreground: "black", Background: "white", FontSize: "8", Geometry: "100x60"}, "ascii"},
	} {
		read := d.read(c.xterm, "sh", "-c", `"$1" totp enroll ada --replace --no-confirm --qr "$2"; sleep 60`, "sh", binary, c.kind)
		if want := d.uri("ada"); read != want {
			t.Errorf("%s: read %q, enrolled %q", name, read, want)
		}
	}
	d.run("", "totp", "enroll", "ada", "--replace", "--png", "ada.png")
	read, err := testbed.DecodeQR(t.Context(), d.path("ada.png"))
	if want := d.uri("ada"); err != nil || read != want {
		t.Errorf("picture: read %q, enrolled %q: %v", read, want, err)
	}
}

// The whole way, in a tmux of 80 columns and 24 lines: the code is scanned from
// the screen, another program computes the first code, and that enrols the user.
func TestEnrolFromTheScreen(t *testing.T) {
	d := newDesk(t)
	d.openScreen()
	socket := d.path("tmux")
	tmux := func(args ...string) string {
		out, _ := exec.CommandContext(t.Context(), "tmux", append([]string{"-S", socket, "-f", "/dev/null"}, args...)...).CombinedOutput()
		return string(out)
	}
	defer func() { _ = exec.Command("tmux", "-S", socket, "kill-server").Run() }()
	end, err := d.screen.Show(testbed.Xterm{Foreground: "white", Background: "black", FontSize: "10", Geometry: "80x25"}, d.environ(),
		"tmux", "-S", socket, "-f", "/dev/null", "new-session", binary+" totp enroll ada; sleep 60")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = end() }()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	uri, err := d.screen.ReadQR(ctx)
	if err != nil {
		t.Fatal(err, tmux("capture-pane", "-p"))
	}
	_, after, _ := strings.Cut(uri, "secret=")
	seed, _, _ := strings.Cut(after, "&")
	if list := d.run("", "totp", "list"); list != "" {
		t.Errorf("enrolled before the first code: %s", list)
	}
	tmux("send-keys", oathtool(t, time.Now(), "--totp", "-b", seed)[0], "Enter")
	for !strings.Contains(tmux("capture-pane", "-p"), "ada is enrolled") {
		if ctx.Err() != nil {
			t.Fatal("not enrolled:", tmux("capture-pane", "-p"))
		}
		time.Sleep(50 * time.Millisecond)
	}
	if want := d.uri("ada"); uri != want {
		t.Errorf("read %q, enrolled %q", uri, want)
	}
}
