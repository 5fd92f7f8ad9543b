package challenge

import (
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
		strings.Repeat("ä", 200):          strings.Repeat("ä", 120),
	} {
		if got := Reason(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

func FuzzReason(f *testing.F) {
	for _, s := range []string{"", "locked", "CRV1:R:x:eA==:PIN?", " TEMP[backoff 1]: x", "a CRV1:b", "\u202eCRV1:", "\xffcrv1:", "CRV\x001:", strings.Repeat("CRV1:", 99)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Reason(s)
		upper := strings.ToUpper(got)
		if strings.Contains(upper, "CRV1:") || strings.HasPrefix(upper, "CRV1") || strings.HasPrefix(upper, "TEMP") || strings.HasPrefix(upper, "SESSION") {
			t.Errorf("%q became the frame %q", s, got)
		}
		if !utf8.ValidString(got) || len(got) > maxReason || got != strings.TrimSpace(got) {
			t.Errorf("%q became %q", s, got)
		}
		if strings.ContainsFunc(got, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }) {
			t.Errorf("%q became %q, which controls something", s, got)
		}
	})
}
