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

// Finding is one thing that is wrong, or should be known.
type Finding struct {
	Place
	Severity Severity
	What     string // is there
	Effect   string // on users
	Mend     string // the line that mends it, or the command; "" where there is none
}

// String is one line: `file:line: problem: what: effect; mend it with: line`.
func (f Finding) String() string {
	where := f.File
	if f.Line > 0 {
		where = fmt.Sprintf("%s:%d", f.File, f.Line)
	}
	text := fmt.Sprintf("%s: %s: %s: %s", where, f.Severity, f.What, f.Effect)
	if f.Mend != "" {
		text += "; mend it with: " + f.Mend
	}
	return strings.Map(func(r rune) rune { // paths come from a file that others may have written
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

func sortFindings(findings []Finding) {
	slices.SortStableFunc(findings, func(a, b Finding) int { return cmp.Compare(a.Severity, b.Severity) })
}
