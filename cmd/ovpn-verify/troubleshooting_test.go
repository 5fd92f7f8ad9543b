package main

import (
	"errors"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"ovpn-verify/backends/backendtest/fakeldap"
	"ovpn-verify/verify"
)

// shownBlock is a block of a page that a command printed on a set-up's host:
// the set-up's name in a comment, then the command and its output.
var shownBlock = regexp.MustCompile("(?ms)^<!-- printed on: (\\S+) -->\n```console\n# (.*?)\n(.*?)^```$")

// milliseconds differ from run to run.
var someMilliseconds = regexp.MustCompile(`\s+[0-9]+\.[0-9] ms`)

// What the pages show of the terminal is what the program prints: names of the host
// and times apart, every block is compared, and with -update written.
func TestPagesShowWhatTheProgramPrints(t *testing.T) {
	for path, least := range map[string]int{"../../README.md": 4, "../../docs/troubleshooting.md": 2} {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		page := string(content)
		blocks := shownBlock.FindAllStringSubmatch(page, -1)
		if len(blocks) < least {
			t.Errorf("%s has %d blocks", path, len(blocks))
		}
		for _, b := range blocks {
			got := printedOn(t, b[1], b[2])
			if *update {
				page = strings.Replace(page, b[0], strings.Replace(b[0], b[3], got, 1), 1)
			} else if plain(got) != plain(b[3]) {
				t.Errorf("%s: %s prints\n%s\nand the page shows\n%s", path, b[2], got, b[3])
			}
		}
		if *update {
			if err := os.WriteFile(path, []byte(page), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func plain(text string) string { return someMilliseconds.ReplaceAllString(text, " ms") }

// printedOn runs a line of a page, with the names of the host that the page is about.
func printedOn(t *testing.T, name, line string) string {
	t.Helper()
	s := newSetup(t, name)
	page := strings.NewReplacer(
		s.dir+"/server.conf", "/etc/openvpn/server/vpn.conf", s.dir+"/bin/openvpn", "/usr/sbin/openvpn",
		s.dir+"/units", "/usr/lib/systemd/system", s.dir+"/client.conf", "ada.ovpn",
		s.dir+"/state", "/var/lib/ovpn-verify", s.dir, "/etc/ovpn-verify", binary, "/usr/bin/ovpn-verify",
		s.named[4], "ldap://dc1.example.org", "ldap://127.0.0.1:1", "ldap://dc1.example.org", "127.0.0.1:1", "192.0.2.1:389",
		s.who+" cannot", "nobody cannot", s.ids, "65534:0", "-o "+s.who, "-o nobody",
	)
	command, _, _ := strings.Cut(line, " <") // what it reads is below
	words := strings.Fields(command)
	if words[0] != "ovpn-verify" {
		t.Fatalf("what is %q?", line)
	}
	args := words[1:]
	if words[1] == "doctor" {
		args = append([]string{"doctor"}, s.doctorFlags()...)
	}
	cmd := exec.Command(binary, args...)
	cmd.Dir, cmd.Env = s.dir, s.environment()
	cmd.Stdin = strings.NewReader(fakeldap.ExampleUserPassword + "\n")
	out, err := cmd.CombinedOutput()
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		t.Fatal(err)
	}
	return page.Replace(string(out))
}

// Every word that `reason` may have is explained.
func TestTroubleshootingExplainsEveryReason(t *testing.T) {
	content, err := os.ReadFile("../../docs/troubleshooting.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, reason := range verify.Reasons() {
		if !strings.Contains(string(content), "\n| `"+reason+"` |") {
			t.Errorf("no line for %s", reason)
		}
	}
}
