package serverconf

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
)

// Severity tells what a finding does to users.
type Severity int

// The severities, worst first.
const (
	Problem Severity = iota // OpenVPN does not start, everybody is refused, or whom it should not be is let in
	Warning                 // some users are refused or dropped, stay in for longer than they should, or something is not what was checked
	Note                    // works, and should be known
)

func (s Severity) String() string { return [...]string{"problem", "warning", "note"}[s] }

// MarshalText makes it a word in JSON.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Finding is one thing that is wrong, or should be known.
type Finding struct {
	Place
	Severity Severity `json:"severity"`
	What     string   `json:"what"`           // is there
	Effect   string   `json:"effect"`         // on users
	Mend     string   `json:"mend,omitempty"` // the line that mends it, or the command; "" where there is none
}

// String is one line: `file:line: problem: what: effect; mend it with: line`.
func (f Finding) String() string {
	what, effect, mend := f.Lines()
	if mend != "" {
		mend = "; " + mend
	}
	return what + ": " + effect + mend
}

// Lines are its parts, for a terminal: `file:line: problem: what`, the effect, and
// `mend it with: line` or nothing.
func (f Finding) Lines() (what, effect, mend string) {
	where := f.File
	if f.Line > 0 {
		where = fmt.Sprintf("%s:%d", f.File, f.Line)
	}
	if f.Mend != "" {
		mend = "mend it with: " + f.Mend
	}
	return clean(fmt.Sprintf("%s: %s: %s", where, f.Severity, f.What)), clean(f.Effect), clean(mend)
}

// clean: paths come from a file that others may have written.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return '?'
		}
		return r
	}, text)
}

// Write prints findings, one a line, the worst first.
func Write(w io.Writer, findings []Finding) error {
	for _, f := range findings {
		if _, err := fmt.Fprintln(w, f); err != nil {
			return err
		}
	}
	return nil
}

// HasProblem tells whether one of the findings is a Problem.
func HasProblem(findings []Finding) bool {
	return slices.ContainsFunc(findings, func(f Finding) bool { return f.Severity == Problem })
}

// Sort puts the worst first.
func Sort(findings []Finding) {
	slices.SortStableFunc(findings, func(a, b Finding) int { return cmp.Compare(a.Severity, b.Severity) })
}
