//go:build e2e

package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// step is one thing that a document has its reader do: run a command, or write
// a block into a file.
type step struct {
	line    int
	command string
	shown   []string // what the document says that the command prints
	path    string
	block   string
}

// A block goes into the file that the paragraph before it begins with.
var (
	inFile = regexp.MustCompile("^In `(/[^`]+)`")
	fence  = regexp.MustCompile("^```([a-z]*)$")
)

// readDocument returns the steps in their order. Blocks of the language console
// have the commands, each behind "# "; toml and conf are contents of files; text is
// only to be read.
func readDocument(t *testing.T, name string) (steps []step) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("../../docs", name))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(content), "\n")
	path := ""
	for i := 0; i < len(lines); i++ {
		if m := inFile.FindStringSubmatch(lines[i]); m != nil {
			path = m[1]
		}
		opening := fence.FindStringSubmatch(lines[i])
		if opening == nil {
			continue
		}
		end := i + 1 + slices.Index(lines[i+1:], "```")
		steps = append(steps, blockSteps(t, opening[1], lines[i+1:end], i+2, path)...)
		i = end
	}
	return steps
}

func blockSteps(t *testing.T, language string, block []string, line int, path string) (steps []step) {
	t.Helper()
	switch language {
	case "console":
		for i, text := range block {
			if command, ok := strings.CutPrefix(text, "# "); ok {
				steps = append(steps, step{line: line + i, command: command})
			} else if len(steps) > 0 {
				steps[len(steps)-1].shown = append(steps[len(steps)-1].shown, text)
			}
		}
	case "toml", "conf":
		if path == "" {
			t.Fatalf("line %d: no file is named for the block", line)
		}
		return []step{{line: line, path: path, block: strings.Join(block, "\n") + "\n"}}
	case "text":
	default:
		t.Fatalf("line %d: what is a reader to do with %q?", line, language)
	}
	return steps
}

var (
	milliseconds = regexp.MustCompile(`[0-9.]+ ms`)
	blanks       = regexp.MustCompile(`\s+`)
)

// prints tells whether the lines are there in this order. … stands for anything:
// on a line of its own for lines, else within one.
func prints(printed string, shown []string) error {
	got := strings.Split(plain(printed), "\n")
	skip := false
	for _, want := range shown {
		if strings.TrimSpace(want) == "…" {
			skip = true
			continue
		}
		var parts []string
		for part := range strings.SplitSeq(plain(want), "…") {
			parts = append(parts, regexp.QuoteMeta(part))
		}
		re := regexp.MustCompile("^" + strings.Join(parts, ".*") + "$")
		at := slices.IndexFunc(got, re.MatchString)
		if at < 0 || at > 0 && !skip {
			return fmt.Errorf("not printed, or not here: %q", want)
		}
		got, skip = got[at+1:], false
	}
	if rest := strings.TrimSpace(strings.Join(got, "")); rest != "" && !skip && len(shown) > 0 {
		return fmt.Errorf("printed as well: %q", rest)
	}
	return nil
}

// plain leaves out what differs from run to run.
func plain(text string) string {
	lines := strings.Split(strings.TrimRight(strings.ReplaceAll(text, "\r", ""), "\n "), "\n")
	for i, line := range lines {
		lines[i] = blanks.ReplaceAllString(milliseconds.ReplaceAllString(strings.TrimRight(line, " "), "N ms"), " ")
	}
	return strings.Join(lines, "\n")
}

func TestPrints(t *testing.T) {
	t.Parallel()
	const printed = "connect   ldaps://x  4.1 ms  ok\r\nqr\nqr\nURI=abc\n"
	for _, c := range []struct {
		shown string
		right bool
	}{
		{"connect ldaps://x 9.9 ms ok\n…\nURI=…", true},
		{"connect ldaps://x 9.9 ms ok\n…", true},
		{"", true},
		{"connect ldaps://x 9.9 ms ok\nURI=…", false},
		{"connect ldaps://x 9.9 ms ok", false},
		{"…\nconnect ldaps://y 9.9 ms ok\n…", false},
	} {
		shown := slices.DeleteFunc(strings.Split(c.shown, "\n"), func(s string) bool { return s == "" })
		if err := prints(printed, shown); (err == nil) != c.right {
			t.Errorf("%q: %v", c.shown, err)
		}
	}
}
