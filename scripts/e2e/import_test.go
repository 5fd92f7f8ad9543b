//go:build e2e

package e2e_test

import (
	"encoding/base32"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"ovpn-verify/challenge"
)

func (d *desk) write(name, content string) {
	d.t.Helper()
	if err := os.WriteFile(d.path(name), []byte(content), 0o600); err != nil {
		d.t.Fatal(err)
	}
}

// checks tells whether a login with this code is accepted.
func (d *desk) checks(user, code string) bool {
	d.t.Helper()
	cmd := exec.CommandContext(d.t.Context(), binary, "check", user, "--password-stdin", "--code", code)
	cmd.Env, cmd.Stdin = append(os.Environ(), d.environ()...), strings.NewReader("horse-battery\n")
	out, err := cmd.CombinedOutput()
	if accepted := strings.Contains(string(out), "accepted: "+user); accepted != (err == nil) {
		d.t.Fatalf("check %s: %v: %s", user, err, out)
	}
	return err == nil
}

// What the real google-authenticator wrote is imported: codes that oathtool makes
// of the secret let the user in, and so does each scratch code, once.
func TestGoogleAuthenticatorsFilesAreImported(t *testing.T) {
	d := newDesk(t)
	for user, options := range map[string][]string{"ada": {"--step-size=30"}, "bob": {"--step-size=60"}} {
		if err := os.MkdirAll(d.path("homes/"+user), 0o700); err != nil {
			t.Fatal(err)
		}
		args := append([]string{"--time-based", "--disallow-reuse", "--force", "--rate-limit=3", "--rate-time=30", "--window-size=3",
			"--emergency-codes=2", "--quiet", "--secret=" + d.path("homes/"+user+"/.google_authenticator")}, options...)
		if out, err := exec.CommandContext(t.Context(), "google-authenticator", args...).CombinedOutput(); err != nil {
			t.Fatalf("google-authenticator: %v: %s", err, out)
		}
		d.run("horse-battery\n", "user", "add", user, "--password-stdin")
	}
	d.run("", "totp", "import", d.path("homes"))
	for user, period := range map[string]string{"ada": "30s", "bob": "60s"} {
		content, err := os.ReadFile(d.path("homes/" + user + "/.google_authenticator"))
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Fields(string(content))
		code := oathtool(t, time.Now(), "--totp", "--base32", "--time-step-size="+period, lines[0])[0]
		if !d.checks(user, code) || d.checks(user, code) {
			t.Errorf("%s: oathtool's code has to be right, and once", user)
		}
		scratch := lines[len(lines)-1]
		if !d.checks(user, scratch) || d.checks(user, scratch) {
			t.Errorf("%s: the scratch code has to be right, and once", user)
		}
	}
}

var importFigures = regexp.MustCompile(`^(\d+) users imported in ([0-9.]+) s`)

// A whole staff is imported in seconds, and moved to another server as it is.
func TestTenThousandUsersAreImported(t *testing.T) {
	const users = 10000
	d, other := newDesk(t), newDesk(t)
	var table strings.Builder
	table.WriteString("user,secret,recovery_codes\n")
	last := ""
	for n := range users {
		last = base32.StdEncoding.EncodeToString(challenge.NewSeed().Reveal())
		fmt.Fprintf(&table, "user%05d,%s,%08d %08d\n", n, last, n, n+users)
	}
	d.write("staff.csv", table.String())
	printed := d.run("", "totp", "import", d.path("staff.csv"))
	t.Log(printed)
	figures := importFigures.FindStringSubmatch(printed)
	if figures == nil || figures[1] != strconv.Itoa(users) {
		t.Fatalf("printed: %s", printed)
	}
	if seconds, err := strconv.ParseFloat(figures[2], 64); err != nil || seconds > 10 {
		t.Errorf("it took %s s", figures[2])
	}
	user := fmt.Sprintf("user%05d", users-1)
	d.run("horse-battery\n", "user", "add", user, "--password-stdin")
	if !d.checks(user, oathtool(t, time.Now(), "--totp", "--base32", last)[0]) {
		t.Error("oathtool's code for the last user is refused")
	}
	exported := d.run("", "totp", "export")
	other.write("uris.txt", exported)
	other.run("", "totp", "import", other.path("uris.txt"))
	if again := other.run("", "totp", "export"); again != exported || strings.Count(again, "\n") != users {
		t.Error("what was exported and imported is not the same")
	}
}

// The commands of docs/enrolment.md do what it says.
func TestEnrolmentPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/enrolment.md")
	if err != nil {
		t.Fatal(err)
	}
	d := newDesk(t)
	d.write("staff.csv", between(t, string(page), "cat staff.csv\n", "```"))
	homes := d.path("home")
	if err := os.MkdirAll(filepath.Join(homes, "erin"), 0o700); err != nil {
		t.Fatal(err)
	}
	d.write("home/erin/.google_authenticator", "KC37VGNW2ABIZ76BQFQEMBGHY4\n\" TOTP_AUTH\n18222228\n")
	commands := 0
	for line := range strings.Lines(string(page)) {
		if command, ok := strings.CutPrefix(line, "ovpn-verify "); ok {
			commands++
			d.run("", strings.Fields(strings.ReplaceAll(command, "/home", homes))...)
		}
	}
	if list := d.run("", "totp", "list"); commands < 8 || strings.Count(list, "\n") != 5 {
		t.Errorf("%d commands, and then: %s", commands, list)
	}
}

func between(t *testing.T, text, begin, end string) string {
	t.Helper()
	_, after, found := strings.Cut(text, begin)
	inside, _, ended := strings.Cut(after, end)
	if !found || !ended {
		t.Fatalf("there is no %q", begin)
	}
	return inside
}
