package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"ovpn-verify/backends/backendtest/fakeldap"
)

// The first screen of the README is what people copy: its configuration is
// loaded, its commands are run on a terminal, and what they print is compared,
// numbers and the server's name apart.
func TestREADME(t *testing.T) {
	content, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	screen := string(content)
	if first := strings.SplitN(screen, "\n## ", 2)[0]; strings.Count(first, "\n") > 70 {
		t.Errorf("the first screen has %d lines", strings.Count(first, "\n"))
	}
	server := block(t, screen, "")
	if !strings.Contains(server, "script-security 2\nauth-user-pass-verify /usr/bin/ovpn-verify via-file") {
		t.Errorf("the lines of server.conf: %s", server)
	}
	script := filepath.Join(t.TempDir(), "readme.txtar")
	if err := os.WriteFile(script, []byte(storyOf(t, block(t, screen, "toml"), block(t, screen, "console"))), 0o600); err != nil {
		t.Fatal(err)
	}
	p := storyParams()
	p.Files = []string{script}
	testscript.Run(t, p)
}

// block is the first code block of its kind.
func block(t *testing.T, markdown, kind string) string {
	t.Helper()
	found := regexp.MustCompile("(?ms)^```" + kind + "\n(.*?)^```$").FindStringSubmatch(markdown)
	if found == nil {
		t.Fatalf("no block of kind %q", kind)
	}
	return found[1]
}

var urls = regexp.MustCompile(`(?m)^urls = .*$`)

// storyOf makes a script of the README's blocks, with the fake directory in
// place of the domain controllers.
func storyOf(t *testing.T, config, console string) string {
	t.Helper()
	if !urls.MatchString(config) || strings.Count(config, "\n") > 12 {
		t.Fatalf("the configuration is not the twelve lines it should be:\n%s", config)
	}
	var b strings.Builder
	b.WriteString("fake-ldap\nenv-config\n")
	for command := range strings.SplitSeq("\n"+console, "\n# ") {
		line, output, _ := strings.Cut(command, "\n")
		switch {
		case line == "":
			continue
		case strings.Contains(line, " enroll "):
			b.WriteString("on-terminal scan ")
		case strings.Contains(line, " check "):
			b.WriteString("code CODE $SEED 1\nenv-file typed typed.tmpl\nttyin -stdin typed\nexec ")
		default:
			b.WriteString("exec ")
		}
		b.WriteString(line + "\n")
		for expected := range strings.SplitSeq(strings.TrimSpace(output), "\n") {
			if pattern := patternOf(expected); pattern != "" {
				fmt.Fprintf(&b, "stdout '%s'\n", pattern)
			}
		}
		if strings.Contains(line, " enroll ") {
			b.WriteString("seed SEED\n")
		}
	}
	more := "[state]\npath = \"state.db\"\n[log]\nto = \"log\"\n"
	fmt.Fprintf(&b, "-- config.tmpl --\n%s\n%s-- ldap.secret --\n%s\n-- typed.tmpl --\n%s\n$CODE\n-- scan --\n? shows: \n> CODE\n",
		urls.ReplaceAllString(config, `urls = ["$$LDAP"]`), more, fakeldap.ExampleServicePassword, fakeldap.ExampleUserPassword)
	return b.String()
}

var (
	prompt    = regexp.MustCompile(`:$`)
	address   = regexp.MustCompile(`ldaps://dc1\\.example\\.org\s+`)
	number    = regexp.MustCompile(`[0-9]+\\\.[0-9]`)
	seeds     = regexp.MustCompile(`secret=[A-Z2-7]+`)
	typedCode = regexp.MustCompile(`shows: [0-9]{6}`)
	spaces    = regexp.MustCompile(` +`)
)

// patternOf is a line of output as a regular expression. Prompts go to the
// terminal, and "…" stands for lines that differ.
func patternOf(line string) string {
	if strings.HasPrefix(strings.TrimSpace(line), "…") || prompt.MatchString(line) && !strings.HasPrefix(line, "Recovery") {
		return ""
	}
	p := regexp.QuoteMeta(line)
	p = address.ReplaceAllString(p, `ldap://127\.0\.0\.1:[0-9]+ `)
	p = number.ReplaceAllString(p, `[0-9]+\.[0-9]`)
	// The fake directory spells the name otherwise than the README's user types it.
	p = strings.Replace(p, "accepted: ada ", `accepted: ada (\(Ada in the directory\) )?`, 1)
	p = seeds.ReplaceAllString(p, `secret=[A-Z2-7]{32}`)
	p = typedCode.ReplaceAllString(p, "shows: [0-9]{6}")
	return "^" + spaces.ReplaceAllString(p, " +") + "$"
}
