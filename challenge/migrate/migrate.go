// Package migrate reads enrolments that other programs wrote: files of
// google-authenticator, tables, lists of otpauth:// URIs. It decides nothing and
// stores nothing. Every fault is reported, with its file and line; no error quotes
// what it read, which may be a secret in the wrong place.
package migrate

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"ovpn-verify/challenge"
	"ovpn-verify/verify/secret"
)

// Entry is one user's second factor.
type Entry struct {
	Place         string // file and line
	User          string // empty: the file does not say
	Seed          secret.Text
	Form          challenge.TOTP // zero where the file does not say
	RecoveryCodes []secret.Text
	SpentStep     uint64 // first second of the last step whose code was used; 0: not known
}

// Read tells the format by the content: a list when the first line is an
// otpauth:// URI, google-authenticator's when the first line is one word and the
// second an option, and otherwise a table whose first line names its columns. What
// is wrong is among the faults and not among the entries.
func Read(name string, content secret.Text) ([]Entry, error) {
	text := strings.TrimPrefix(string(content.Reveal()), "\ufeff")
	first, rest, _ := strings.Cut(strings.TrimLeft(text, "\r\n"), "\n")
	switch {
	case strings.ContainsRune(text, 0):
		return nil, fmt.Errorf("%s: not text in UTF-8: save it as CSV (UTF-8)", name)
	case strings.TrimSpace(text) == "":
		return nil, fmt.Errorf("%s: the file is empty", name)
	case strings.HasPrefix(strings.ToLower(first), "otpauth"):
		return readURIs(name, text)
	case strings.HasPrefix(rest, optionMark) || !strings.ContainsAny(first, ",;\t") && strings.TrimSpace(rest) == "":
		e, err := readGoogle(name, text)
		if err != nil {
			return nil, err
		}
		return []Entry{e}, nil
	}
	return readTable(name, text)
}

// readURIs reads one URI a line; empty lines and comments are passed over.
func readURIs(name, text string) (all []Entry, err error) {
	var faults []error
	for number, line := range bytes.Split([]byte(text), []byte("\n")) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		e := Entry{Place: fmt.Sprintf("%s:%d", name, number+1)}
		if e.Form, e.User, e.Seed, err = challenge.ParseURI(secret.New(line)); err != nil {
			faults = append(faults, e.fault("%w", err))
		} else if e.User == "" {
			faults = append(faults, e.fault("the URI names no user"))
		} else {
			all = append(all, e)
		}
	}
	return all, errors.Join(faults...)
}

func (e Entry) fault(format string, a ...any) error {
	return fmt.Errorf("%s: "+format, append([]any{e.Place}, a...)...)
}

// minCode is what state keeps at least of a recovery code.
const minCode = 8

func (e *Entry) addRecoveryCode(text string) error {
	if len(strings.ReplaceAll(text, "-", "")) < minCode {
		return e.fault("a recovery code is shorter than %d characters", minCode)
	}
	e.RecoveryCodes = append(e.RecoveryCodes, secret.FromString(text))
	return nil
}
