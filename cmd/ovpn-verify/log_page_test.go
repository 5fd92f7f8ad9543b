package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"ovpn-verify/verify"
	"ovpn-verify/verify/openvpn"
	"ovpn-verify/verify/primary"
)

// recorded are the fields of a record that has all of them.
func recorded(t *testing.T, write func(*slog.Logger)) []string {
	t.Helper()
	var line bytes.Buffer
	write(slog.New(slog.NewJSONHandler(&line, nil)))
	var fields map[string]any
	if err := json.Unmarshal(line.Bytes(), &fields); err != nil {
		t.Fatal(err)
	}
	return slices.Sorted(maps.Keys(fields))
}

func TestThePageOfTheLogHasEveryField(t *testing.T) {
	page := pageOf(t, "log.md")
	login := recorded(t, func(log *slog.Logger) {
		(&verify.Decision{Notes: []string{"n"}, Cause: errors.New("c")}).Record(log, &verify.Login{}, "file")
	})
	if got := tableOf(t, page, "## Logins"); !slices.Equal(got, login) {
		t.Errorf("of a login the page has %q, the record %q", got, login)
	}
	session := recorded(t, func(log *slog.Logger) {
		(&service{log: log}).recordSession(openvpn.Call{}, sessionFailed, 0, errors.New("c"))
	})
	if got := tableOf(t, page, "## Sessions"); !slices.Equal(got, session) {
		t.Errorf("of a session the page has %q, the record %q", got, session)
	}
}

func TestThePageOfTheLogHasEveryValue(t *testing.T) {
	page := pageOf(t, "log.md")
	for heading, want := range map[string][]string{
		"### Reasons": verify.Reasons(), "### Factors": factorValues, "### Password fields": {"plain", "static", "dynamic", "token", "broken"},
	} {
		if got := tableOf(t, page, heading); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
			t.Errorf("%s: the page has %q, the program %q", heading, got, want)
		}
	}
}

// The list of reasons has every word that the code refuses with, and the page's verdict
// for each is the right one.
func TestEveryReasonIsInTheList(t *testing.T) {
	source, err := os.ReadFile("../../verify/primary/refusal.go")
	if err != nil {
		t.Fatal(err)
	}
	var refusals []string
	for _, found := range regexp.MustCompile(`(?m)^\t\w+ +Refusal = "([^"]+)"`).FindAllSubmatch(source, -1) {
		refusals = append(refusals, string(found[1]))
	}
	listed := make([]string, len(primary.Refusals))
	for i, r := range primary.Refusals {
		listed[i] = string(r)
	}
	if slices.Sort(refusals); !slices.Equal(refusals, slices.Sorted(slices.Values(listed))) || len(refusals) < 10 {
		t.Errorf("the code has %q, the list %q", refusals, listed)
	}
	if outages := constantsOf(t, "../../verify", "Reason"); !slices.Equal(outages, slices.Sorted(slices.Values(verify.Outages))) {
		t.Errorf("the code has %q, the list %q", outages, verify.Outages)
	}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\| (refused|unavailable) \\|").FindAllStringSubmatch(pageOf(t, "log.md"), -1) {
		if slices.Contains(listed, row[1]) != (row[2] == "refused") {
			t.Errorf("%s is %s", row[1], row[2])
		}
	}
}

// Guesses on the page are those that the filter counts.
func TestTheFilterCountsThePagesGuesses(t *testing.T) {
	var page []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\| refused \\| \\* ").FindAllStringSubmatch(pageOf(t, "log.md"), -1) {
		page = append(page, row[1])
	}
	filter := regexp.MustCompile(`(?m)^_guess = \(\?:(.*)\)$`).FindStringSubmatch(pageOf(t, "fail2ban/filter.d/ovpn-verify.conf"))
	if filter == nil || !slices.Equal(slices.Sorted(slices.Values(page)), slices.Sorted(strings.SplitSeq(filter[1], "|"))) {
		t.Errorf("the page has %q, the filter %q", page, filter)
	}
}

var (
	message = regexp.MustCompile(`\b[lL]og\.(?:Info|Warn|Error)\("([^"]+)"|complain\("([^"]+)"|givenUp\(\) string +\{ return "([^"]+)"|reportPanic\("([^"]+)"|return "((?:client-connect|login) refused)"`)
	plainUp = regexp.MustCompile(`\b[lL]og\.(?:Info|Warn|Error)\(([^"][^,)]*)`)
)

func TestThePageOfTheLogHasEveryOtherLine(t *testing.T) {
	found := map[string]bool{"log": true} // of the log itself, which is told so where it is made
	for _, root := range []string{".", "../../verify"} {
		err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			source, err := os.ReadFile(path)
			for _, m := range message.FindAllSubmatch(source, -1) {
				found[string(bytes.Join(m[1:], nil))] = true
			}
			for _, m := range plainUp.FindAllSubmatch(source, -1) {
				if what := string(m[1]); what != "what" && what != "outcome+\": internal error\"" && !strings.HasPrefix(what, "j.work.givenUp(") {
					t.Errorf("%s: a message that is no constant: %s", path, what)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if page := tableOf(t, pageOf(t, "log.md"), "## Other lines"); !slices.Equal(page, slices.Sorted(maps.Keys(found))) {
		t.Errorf("the page has\n%q, the code\n%q", page, slices.Sorted(maps.Keys(found)))
	}
}
