package migrate

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"ovpn-verify/challenge"
	"ovpn-verify/verify/secret"
)

// columns are those that a table may have.
var columns = []string{"user", "secret", "uri", "algorithm", "digits", "period", "recovery_codes"}

// readTable reads CSV (RFC 4180), or with semicolons, as spreadsheets write it
// where the comma stands in numbers, or with tabs.
func readTable(name, text string) ([]Entry, error) {
	r := csv.NewReader(strings.NewReader(text))
	r.TrimLeadingSpace = true
	r.FieldsPerRecord = -1 // spreadsheets leave empty rows, of any length
	switch first, _, _ := strings.Cut(text, "\n"); {
	case strings.Contains(first, ","):
	case strings.Contains(first, ";"):
		r.Comma = ';'
	case strings.Contains(first, "\t"):
		r.Comma, r.TrimLeadingSpace = '\t', false // empty cells are not space before the next
	}
	header, err := r.Read()
	if err != nil {
		return nil, tableFault(name, err)
	}
	at, err := places(name, header)
	if err != nil {
		return nil, err
	}
	var all []Entry
	var faults []error
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return all, errors.Join(faults...)
		}
		if err != nil {
			faults = append(faults, tableFault(name, err))
			return all, errors.Join(faults...) // nobody knows where the next row begins
		}
		line, _ := r.FieldPos(0)
		if strings.TrimSpace(strings.Join(row, "")) == "" {
			continue
		}
		if len(row) != len(header) {
			faults = append(faults, fmt.Errorf("%s:%d: a row of %d cells, and the first line names %d columns", name, line, len(row), len(header)))
			continue
		}
		e, err := rowEntry(fmt.Sprintf("%s:%d", name, line), at, row)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		all = append(all, e)
	}
}

// tableFault does without the quotes that other errors of package csv may have.
func tableFault(name string, err error) error {
	if e, ok := errors.AsType[*csv.ParseError](err); ok {
		return fmt.Errorf("%s:%d: %w", name, e.Line, e.Err)
	}
	return fmt.Errorf("%s: %w", name, err)
}

// places is the number of each column that is there.
func places(name string, header []string) (map[string]int, error) {
	at := map[string]int{}
	for i, title := range header {
		title = strings.ReplaceAll(strings.ToLower(strings.TrimSpace(title)), " ", "_")
		if _, twice := at[title]; twice || !slices.Contains(columns, title) {
			return nil, fmt.Errorf("%s:1: the first line has to name the columns, and column %d is none of %s, or is there twice",
				name, i+1, strings.Join(columns, ", "))
		}
		at[title] = i
	}
	if _, found := at["user"]; !found {
		return nil, fmt.Errorf("%s:1: there is no column %q", name, "user")
	}
	return at, nil
}

func rowEntry(place string, at map[string]int, row []string) (Entry, error) {
	cell := func(title string) string {
		if i, found := at[title]; found {
			return strings.TrimSpace(row[i])
		}
		return ""
	}
	e := Entry{Place: place, User: cell("user")}
	var faults []error
	note := func(err error) {
		if err != nil {
			faults = append(faults, e.fault("%w", err))
		}
	}
	if e.User == "" {
		note(errors.New("there is no user"))
	}
	var err error
	switch uri, text := cell("uri"), cell("secret"); {
	case uri != "" && text != "":
		note(errors.New("both a secret and a URI"))
	case uri != "":
		e.Form, _, e.Seed, err = challenge.ParseURI(secret.FromString(uri))
		note(err)
	case text != "":
		e.Seed, err = challenge.ParseSeed(secret.FromString(text))
		note(err)
	}
	note(e.Form.ParseForm(cell("algorithm"), cell("digits"), cell("period")))
	for code := range strings.FieldsSeq(cell("recovery_codes")) {
		faults = append(faults, e.addRecoveryCode(code))
	}
	return e, errors.Join(faults...)
}
