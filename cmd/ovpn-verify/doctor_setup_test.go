package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// update has the tests write what the program prints into the files that they compare with.
var update = flag.Bool("update", false, "write what is printed into the files")

// setup is a host with a server, as a file under testdata/doctor describes it.
type setup struct {
	dir      string
	who, ids string            // whom OpenVPN becomes, and the owner of its files
	named    []string          // for what is different in each run, its name in the files
	replaces *strings.Replacer // the other way round
	want     []string
	given    []string          // in what mends: what only an administrator knows, and that
	files    map[string]string // as written
}

// newSetup writes the healthy host with what the named one has in its place.
func newSetup(t *testing.T, name string) *setup {
	t.Helper()
	s := &setup{dir: openFolder(t), files: map[string]string{}}
	var parts [2]map[string]string
	for i, n := range []string{"healthy", name} {
		a, err := txtar.ParseFile(filepath.Join("../../testdata/doctor", n+".txtar"))
		if err != nil {
			t.Fatal(err)
		}
		parts[i] = map[string]string{}
		for _, f := range a.Files {
			parts[i][f.Name] = string(f.Data)
		}
	}
	servers := s.servers(t, parts[1]["servers"])
	s.openvpnsCertificate(t)
	s.who, s.ids = s.account(t)
	who, ids := s.who, s.ids
	s.named = []string{
		s.dir, "$DIR", binary, "$PROGRAM", servers.ldap, "$LDAP", servers.radius, "$RADIUS",
		"-o " + who + " ", "-o $USER ", ": " + who + " cannot ", ": $USER cannot ", "owner " + ids + ")", "owner $IDS)",
	}
	s.replaces = strings.NewReplacer("$DIR", s.dir, "$PROGRAM", binary, "$LDAP", servers.ldap, "$RADIUS", servers.radius, "$USER", who, "$IDS", ids)
	if given := s.replaces.Replace(parts[1]["given"]); given != "" {
		s.given = strings.Split(strings.TrimSpace(given), "\n")
	}
	s.want = strings.Split(strings.TrimSpace(s.replaces.Replace(parts[1]["want"])), "\n")
	for _, p := range parts {
		for name, content := range p {
			if name != "want" && name != "given" && name != "servers" && name != "prepare" {
				s.files[name] = s.replaces.Replace(content)
			}
		}
	}
	s.write(t)
	t.Cleanup(func() { _ = os.Chmod(filepath.Join(s.dir, "state"), 0o700) }) // or else it cannot be removed
	s.run(t, "ovpn-verify totp enroll ada")
	s.own(t, who)
	if command := parts[1]["prepare"]; command != "" {
		s.run(t, s.replaces.Replace(command))
	}
	return s
}

// openFolder is one that other users may enter.
func openFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := errors.Join(os.Chmod(dir, 0o755), os.Chmod(filepath.Dir(dir), 0o755)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// account is whom OpenVPN becomes: this user, or nobody where this one is root. ids
// are those of its files.
func (s *setup) account(t *testing.T) (name, ids string) {
	t.Helper()
	self, err := user.Current()
	group := strconv.Itoa(os.Getgid())
	if err == nil && self.Uid == "0" {
		self, err = user.Lookup("nobody")
	}
	if err != nil {
		t.Fatal(err)
	}
	return self.Username, self.Uid + ":" + group
}

func (s *setup) write(t *testing.T) {
	t.Helper()
	if err := os.Mkdir(filepath.Join(s.dir, "state"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, content := range s.files {
		path, mode := filepath.Join(s.dir, name), os.FileMode(0o640)
		if strings.HasPrefix(content, "#!") {
			mode = 0o755
		}
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(content), mode)); err != nil {
			t.Fatal(err)
		}
	}
}

// own gives everything to whom OpenVPN becomes.
func (s *setup) own(t *testing.T, name string) {
	t.Helper()
	if os.Geteuid() == 0 {
		s.run(t, "chown -R "+name+" "+s.dir)
	}
}

// run is a shell in the folder, with the set-up's programs before the system's.
func (s *setup) run(t *testing.T, command string) string {
	t.Helper()
	cmd := exec.Command("sh", "-ec", command)
	cmd.Dir = s.dir
	cmd.Env = s.environment()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", command, err, out)
	}
	return string(out)
}

func (s *setup) environment() []string {
	return []string{
		"PATH=" + filepath.Join(s.dir, "bin") + ":" + filepath.Dir(binary) + ":" + os.Getenv("PATH"),
		"OVPN_VERIFY_CONFIG=" + filepath.Join(s.dir, "config.toml"),
	}
}

func (s *setup) doctorFlags() []string {
	return []string{
		"--server-conf", s.dir + "/server.conf", "--client-conf", s.dir + "/client.conf",
		"--unit", "openvpn-server@vpn.service", "--unit-dir", s.dir + "/units", "--openvpn", s.dir + "/bin/openvpn",
	}
}

// doctor runs the command, with more arguments.
func (s *setup) doctor(t *testing.T, more ...string) (out string, status int) {
	t.Helper()
	args := append(append([]string{"doctor"}, s.doctorFlags()...), more...)
	cmd := exec.Command(binary, args...)
	cmd.Dir, cmd.Env = s.dir, s.environment()
	text, err := cmd.Output()
	if e, ended := errors.AsType[*exec.ExitError](err); ended && len(e.Stderr) > 0 || err != nil && !ended {
		t.Fatalf("%v\n%s", err, e.Stderr)
	}
	return string(text), cmd.ProcessState.ExitCode()
}

// finding is one of doctor's JSON document.
type finding struct {
	File, Severity, What, Effect, Mend string
	Line                               int
}

func (f finding) String() string {
	at := f.File
	if f.Line > 0 {
		at += ":" + strconv.Itoa(f.Line)
	}
	return fmt.Sprintf("%s: %s: %s: %s; mend it with: %s", at, f.Severity, f.What, f.Effect, f.Mend)
}

// findings are what endangers users, and notes.
func (s *setup) findings(t *testing.T) (bad, notes []finding, status int) {
	t.Helper()
	out, status := s.doctor(t, "--json")
	var doc struct {
		Fine  bool
		Areas []struct{ Findings []finding }
	}
	if err := json.Unmarshal([]byte(out), &doc); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, a := range doc.Areas {
		for _, f := range a.Findings {
			if f.Severity == "note" {
				notes = append(notes, f)
			} else {
				bad = append(bad, f)
			}
		}
	}
	if doc.Fine != (len(bad) == 0) || doc.Fine != (status == 0) {
		t.Errorf("fine: %v, exit status %d, with %d findings", doc.Fine, status, len(bad))
	}
	return bad, notes, status
}
