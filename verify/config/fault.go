package config

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// mendWith is before the command at the end of an error.
const mendWith = "; mend it with: "

// Fault is one thing that is wrong with a configuration.
type Fault struct {
	Path   string
	Line   int    // 0: it is about the file as a whole
	Column int    // 0: it is about the line as a whole
	Text   string // begins with the key, and says what is allowed
	Mend   string // the command that writes what is most likely meant, or ""
	line   string // itself, without what may be a secret in the wrong place
	err    error
}

func (f *Fault) Unwrap() error { return f.err }

// Error is `file:line: text`, and the line itself below it.
func (f *Fault) Error() string {
	where := f.Path
	if f.Line > 0 {
		where += fmt.Sprintf(":%d", f.Line)
	}
	if f.Column > 0 {
		where += fmt.Sprintf(":%d", f.Column)
	}
	text := where + ": " + f.Text
	if f.line != "" {
		text += "\n    " + f.line
	}
	return text
}

// Faults takes the error of Load apart; other errors are none.
func Faults(err error) []*Fault {
	var faults []*Fault
	for _, e := range split(err) {
		if f, ok := errors.AsType[*Fault](e); ok {
			faults = append(faults, f)
		}
	}
	return faults
}

// Locate makes faults of errors about files that the configuration at path names,
// joined ones each by itself. Their texts begin with the key, and end with the
// command that mends them, if there is one.
func Locate(path string, err error) error {
	if err == nil {
		return nil
	}
	content, _ := read(path) // without it, faults have no line
	return indexLines(content).locate(path, content, split(err))
}

// locate puts file and line to each fault, by the key that it begins with, in
// the order of lines.
func (x lineIndex) locate(path string, content []byte, faults []error) error {
	slices.SortStableFunc(faults, func(a, b error) int { return cmp.Compare(x.line(a), x.line(b)) })
	lines := strings.Split(string(content), "\n")
	located := make([]error, len(faults))
	for i, err := range faults {
		f := &Fault{Path: path, Line: x.line(err), Text: err.Error(), err: err}
		if f.Line > 0 {
			u, unknown := errors.AsType[*unknownKey](err)
			f.line = showable(lines[f.Line-1], unknown && !u.harmless())
			f.Mend = u.mend(path, f.Line)
			if _, command, found := strings.Cut(f.Text, mendWith); found {
				f.Mend = command
			} else if !unknown && strings.Contains(f.Text, " must be ") && x.has(keyIn(err)) && optional(keyIn(err)) {
				f.Mend = fmt.Sprintf("sed -i '%ds/^/#/' %s", f.Line, path) // the default holds then
			}
		}
		located[i] = f
	}
	return errors.Join(located...)
}

// unknownKey is a key or section that there is not.
type unknownKey struct {
	text       string
	name       string
	suggestion string // what was probably meant, or ""
}

func (e *unknownKey) Error() string { return e.text }

// harmless tells whether the value may be shown: most likely it is that of a key
// which holds no secret. People put passwords where they look for a key for them.
func (e *unknownKey) harmless() bool {
	return e.suggestion != "" && !secretive().MatchString(e.name) && !secretive().MatchString(e.suggestion)
}

// Workers, which start for a login, have no need of these.
var (
	secretive = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?i)pass|pw|secret|key|token|cred|pin`) })
	bareKey   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_-]+$`) })
)

// optional tells whether there is a default for the key.
func optional(key string) bool {
	section, name, _ := strings.Cut(key, ".")
	c := Default()
	fields, known := fieldsOf(reflect.ValueOf(&c).Elem())[section]
	if !known {
		return false
	}
	field, known := fieldsOf(fields)[name]
	return known && !field.IsZero()
}

// mend is a command, since the line itself may not be shown.
func (e *unknownKey) mend(path string, line int) string {
	if e == nil || e.suggestion == "" || !bareKey().MatchString(e.name) {
		return ""
	}
	return fmt.Sprintf("sed -i '%ds/%s/%s/' %s", line, e.name, e.suggestion, path)
}

// showable is the line as it may be shown on a terminal or in a log.
func showable(line string, hide bool) string {
	const longest = 160
	line = strings.TrimSpace(line)
	if key, _, found := strings.Cut(line, "="); hide && found {
		line = key + "= …"
	}
	if runes := []rune(line); len(runes) > longest {
		line = string(runes[:longest]) + "…"
	}
	return line
}
