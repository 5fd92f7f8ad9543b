package ldap

import (
	"errors"
	"fmt"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"
)

// What a filter in the configuration may contain for us to fill in.
const (
	placeUsername = "{username}"
	placeAccount  = "{account}"
	placeDN       = "{dn}"
)

// filling is what takes the places.
type filling struct{ username, account, dn string }

// expandFilter fills in the placeholders, in one pass, so that a user who is
// called "{dn}" stays one. The values are escaped (RFC 4515 section 3): the
// parentheses, the asterisk, the backslash, NUL and every byte beyond ASCII,
// whether or not these make UTF-8.
func expandFilter(filter string, f filling) string {
	return strings.NewReplacer(
		placeUsername, goldap.EscapeFilter(f.username),
		placeAccount, goldap.EscapeFilter(f.account),
		placeDN, goldap.EscapeFilter(f.dn),
	).Replace(filter)
}

// checkFilter tells what is wrong with a filter that must contain at least one
// of the placeholders and no other.
func checkFilter(filter string, allowed ...string) error {
	found := false
	for _, place := range allowed {
		for at := range occurrences(filter, place) {
			if !inValue(filter[:at]) {
				return fmt.Errorf("%s must stand after a =", place)
			}
			found = true
		}
	}
	if !found {
		return fmt.Errorf("it does not contain %s", strings.Join(allowed, " or "))
	}
	rest := filter
	for _, place := range allowed {
		rest = strings.ReplaceAll(rest, place, "x")
	}
	if strings.ContainsAny(rest, "{}") {
		return fmt.Errorf("nothing but %s may stand in braces; write other braces as \\7b and \\7d", strings.Join(allowed, " and "))
	}
	if _, err := goldap.CompileFilter(rest); err != nil {
		if e, ok := errors.AsType[*goldap.Error](err); ok {
			return e.Err
		}
		return err
	}
	return nil
}

// inValue tells whether text after before belongs to an assertion's value.
// Escaping protects nothing where an attribute's name or a matching rule is
// expected.
func inValue(before string) bool {
	opened := strings.LastIndexByte(before, '(')
	return opened >= 0 && strings.Contains(before[opened:], "=")
}

func occurrences(s, part string) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		for from := 0; ; {
			at := strings.Index(s[from:], part)
			if at < 0 || !yield(from+at) {
				return
			}
			from += at + len(part)
		}
	}
}
