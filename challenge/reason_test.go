package challenge

import (
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestReason(t *testing.T) {
	for in, want := range map[string]string{
		"":                                "",
		" \r\n\x00":                       "",
		"Your account is locked.\r\n":     "Your account is locked.",
		"line\none\u2028two\u0085\x1b[1m": "line one two  [1m",
		"bad \xff\xfe byte":               "bad    byte",
		"left \u202eright\u2066":          "left  right",
		"CRV1:R,E:x:dXNlcg==:your PIN?":   "Login refused: CRV1 R,E:x:dXNlcg==:your PIN?",
		"\n CRV1:R:x:eA==:PIN?":           "Login refused: CRV1 R:x:eA==:PIN?",
		"\u202aCRV1:R:x:eA==:PIN?":        "Login refused: CRV1 R:x:eA==:PIN?",
		"\xffcrv1:R":                      "Login refused: crv1 R",
		"no: CRV1:R:x:eA==:PIN? CRV1:R":   "no: CRV1 R:x:eA==:PIN? CRV1 R",
		"CRV1:":                           "Login refused: CRV1",
		"CRCRV1:V1:R":                     "CRCRV1 V1:R",
		"TEMP[backoff 0]:again":           "Login refused: TEMP[backoff 0]:again",
		"\x00TEMP":                        "Login refused: TEMP",
		"Temporarily locked":              "Login refused: Temporarily locked",
		"SESSION: expired":                "Login refused: SESSION: expired",
		strings.Repeat("ä", 200):          strings.Repeat("ä", 128),
		"Temp" + strings.Repeat("ä", 200): "Login refused: Temp" + strings.Repeat("ä", 118),
		"session\u0131":                   "Login refused: session\u0131",
		"sess\u0131on":                    "sess\u0131on",
	} {
		if got := Reason(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

// FuzzReason holds that whatever a server writes, the client shows one line of it
// and acts upon nothing. Clients compare bytes; ours is the stricter comparison
// that knows no case.
func FuzzReason(f *testing.F) {
	for _, s := range []string{
		"", "locked", "CRV1:R:x:eA==:PIN?", " TEMP[backoff 1]: x", "a CRV1:b", "\u202eCRV1:", "\xffcrv1:", "CRV\x001:", strings.Repeat("CRV1:", 99),
		"CRCRV1:V1:", "SESS\u0131ON", "\u017fession", "temp" + strings.Repeat("x", 300), strings.Repeat("\u00a0", 260) + "TEMP",
	} {
		f.Add(s)
	}
	begins, holds := regexp.MustCompile(`^(?i:CRV1|TEMP|SESSION)`), regexp.MustCompile(`(?i:CRV1:)`)
	f.Fuzz(func(t *testing.T, s string) {
		got := Reason(s)
		if begins.MatchString(got) || holds.MatchString(got) {
			t.Errorf("%q became the frame %q", s, got)
		}
		if !utf8.ValidString(got) || len(got) > maxReason || got != strings.TrimSpace(got) {
			t.Errorf("%q became %q", s, got)
		}
		if strings.ContainsFunc(got, func(r rune) bool {
			return unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp)
		}) {
			t.Errorf("%q became %q, which controls something", s, got)
		}
		if again := Reason(got); again != got {
			t.Errorf("%q became %q, and that %q", s, got, again)
		}
		if plain(s) && got != s {
			t.Errorf("%q needed no change and became %q", s, got)
		}
	})
}

// plain is a text of the kind that servers mostly send.
func plain(s string) bool {
	return len(s) <= maxReason && regexp.MustCompile(`^[a-z]( ?[a-z0-9.,!]+)*$`).MatchString(s) && !regexp.MustCompile(`^(crv1|temp|session)`).MatchString(s)
}
