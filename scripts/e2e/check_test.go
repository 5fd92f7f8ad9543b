//go:build e2e

package e2e_test

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"

	"ovpn-verify/verify"
)

// checked is what `check --json` prints, as the README documents it.
type checked struct {
	Identity, Server, Verdict, Cause, Client string
	MS                                       float64
	Steps                                    []struct{ Name, Server, Result, Cause, Note string }
}

// check is the administrator's `check` on the server; wrap is a command to run it with.
func (w *world) check(user, password string, wrap ...string) (c checked) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	args := slices.Concat(wrap, []string{binary, "--config", w.path("config.toml"), "check", "--password-stdin", "--json", "--", user})
	cmd := w.Command(ctx, w.ServerNS, args[0], args[1:]...)
	cmd.Stdin = strings.NewReader(password + "\n")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if json.Unmarshal(out, &c) != nil || stderr.Len() > 0 && !strings.HasPrefix(stderr.String(), "warning: ") {
		w.t.Fatalf("check %q: %v: %s%s", user, err, out, stderr.String())
	}
	status := map[string]int{verify.Accepted.String(): 0, verify.Refused.String(): 1, verify.Unavailable.String(): 3}
	if want, known := status[c.Verdict]; !known || want != cmd.ProcessState.ExitCode() {
		w.t.Errorf("check %q: exit status %d: %s", user, cmd.ProcessState.ExitCode(), out)
	}
	return c
}

// is tells whether the verdict and the cause are these; every step's note and
// the text for the client count with the cause.
func (c checked) is(verdict, expression string) bool {
	texts := []string{c.Cause, c.Client}
	for _, step := range c.Steps {
		texts = append(texts, step.Note)
	}
	return c.Verdict == verdict && regexp.MustCompile("(?s)"+expression).MatchString(strings.Join(texts, "\n"))
}
