package radius

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxReply is how many bytes of a server's text an error carries.
const maxReply = 200

// printable tells whether s is UTF-8 without control characters.
func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

// oneLine makes UTF-8 without control characters and line separators of s.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
}

// clean makes a server's text fit for one line of a log: at most maxReply bytes.
func clean(s string) string {
	s = strings.TrimSpace(oneLine(s))
	if len(s) <= maxReply {
		return s
	}
	cut := maxReply - len("…")
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}
