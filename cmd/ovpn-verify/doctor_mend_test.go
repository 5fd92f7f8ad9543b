package main

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// apply does what a finding says, to the letter, as an administrator would.
func (s *setup) apply(t *testing.T, f finding) {
	t.Helper()
	mend := strings.NewReplacer(s.given...).Replace(f.Mend)
	first, _, _ := strings.Cut(mend, " ")
	switch setting := settingLine.FindStringSubmatch(mend); {
	case setting != nil:
		s.set(t, setting[4], setting[1], setting[2]+" = "+setting[3])
	case strings.HasPrefix(mend, "#"):
		s.edit(t, f.File, func(lines []string) []string {
			lines[f.Line-1] = mend
			return lines
		})
	case commands[first]:
		s.run(t, mend)
	case mend == "":
		t.Fatalf("nothing mends it: %v", f)
	default:
		s.edit(t, f.File, func(lines []string) []string { return withOption(lines, first, mend) })
	}
}

// settingLine is `section.key = value in FILE`.
var settingLine = regexp.MustCompile(`^([a-z]+)\.([a-z_]+) = (.*) in (/.*)$`)

var commands = map[string]bool{
	"apt-get": true, "chmod": true, "chown": true, "install": true, "mkdir": true, "ovpn-verify": true, "printf": true, "sed": true, "timedatectl": true,
}

// withOption has the line in place of the one with the same option, or at the end.
func withOption(lines []string, option, line string) []string {
	for i := range lines {
		if first, _, _ := strings.Cut(lines[i], " "); first == option {
			lines[i] = line
			return lines
		}
	}
	return append(lines, line)
}

func (s *setup) set(t *testing.T, path, section, line string) {
	t.Helper()
	key, _, _ := strings.Cut(line, " ")
	s.edit(t, path, func(lines []string) []string {
		within := false
		for i, l := range lines {
			if strings.HasPrefix(l, "[") {
				within = l == "["+section+"]"
			}
			if within && strings.HasPrefix(l, key+" =") {
				lines[i] = line
				return lines
			}
		}
		for i, l := range lines {
			if l == "["+section+"]" {
				lines[i] += "\n" + line
				return lines
			}
		}
		return append(lines, "["+section+"]", line)
	})
}

func (s *setup) edit(t *testing.T, path string, change func([]string) []string) {
	t.Helper()
	content, err := os.ReadFile(path)
	lines := change(strings.Split(strings.TrimSuffix(string(content), "\n"), "\n"))
	if err = errors.Join(err, os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o640)); err != nil {
		t.Fatal(err)
	}
}

// Each broken set-up gives exactly the finding that it should, and is healthy once
// what the finding says has been done. Notes, which differ between hosts, count
// where one is wanted.
func TestDoctorFindsWhatIsBrokenAndMendsIt(t *testing.T) {
	paths, err := filepath.Glob("../../testdata/doctor/*.txtar")
	if err != nil || len(paths) < 20 {
		t.Fatalf("%d set-ups, %v", len(paths), err)
	}
	if os.Geteuid() == 0 { // nobody else can give files away
		more, _ := filepath.Glob("../../testdata/doctor/root/*.txtar")
		paths = append(paths, more...)
	}
	for _, path := range paths {
		name, err := filepath.Rel("../../testdata/doctor", strings.TrimSuffix(path, ".txtar"))
		if name == "healthy" {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetup(t, name)
			found, status := s.wanted(t)
			if *update {
				s.rewrite(t, path, found)
				return
			}
			if got := text(found); got != strings.Join(s.want, "\n") {
				t.Errorf("found:\n%s\nwanted:\n%s", got, strings.Join(s.want, "\n"))
			}
			if note := strings.Contains(s.want[0], ": note: "); (status == 0) != note {
				t.Errorf("exit status %d", status)
			}
			for _, f := range found {
				s.apply(t, f)
			}
			if left, status := s.wanted(t); len(left) > 0 || status != 0 {
				t.Errorf("once it is mended:\n%s", text(left))
			}
		})
	}
}

// rewrite puts what was found into the set-up's file.
func (s *setup) rewrite(t *testing.T, path string, found []finding) {
	t.Helper()
	a, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	shown := strings.NewReplacer(s.named...).Replace(text(found)) + "\n"
	if shown == "\n" {
		t.Fatal("nothing was found")
	}
	for i := range a.Files {
		if a.Files[i].Name == "want" {
			a.Files[i].Data = []byte(shown)
		}
	}
	if err := os.WriteFile(path, txtar.Format(a), 0o644); err != nil {
		t.Fatal(err)
	}
}

// wanted are the findings that endanger users, and those notes that are wanted.
func (s *setup) wanted(t *testing.T) (found []finding, status int) {
	t.Helper()
	found, notes, status := s.findings(t)
	for _, n := range notes {
		for _, w := range s.want {
			if n.String() == w {
				found = append(found, n)
			}
		}
	}
	return found, status
}

func text(findings []finding) string {
	lines := make([]string, len(findings))
	for i, f := range findings {
		lines[i] = f.String()
	}
	return passing.ReplaceAllString(strings.Join(lines, "\n"), "$1…")
}

// passing is what differs from run to run: days, and ports of this host's own.
var passing = regexp.MustCompile(`(until |read udp 127\.0\.0\.1:)[0-9-]*[0-9]`)
