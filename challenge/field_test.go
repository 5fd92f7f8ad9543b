package challenge_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"ovpn-verify/challenge"
	"ovpn-verify/verify/secret"
)

func TestParse(t *testing.T) {
	state := strings.Repeat("s", 64)
	for raw, want := range map[string]string{
		"":                                 `plain ""`,
		"hunter2":                          `plain "hunter2"`,
		"pass:word::x":                     `plain "pass:word::x"`,
		"SCRV":                             `plain "SCRV"`,
		"CRV1":                             `plain "CRV1"`,
		"scrv1:c2VjcmV0:MTIz":              `plain "scrv1:c2VjcmV0:MTIz"`,
		" SCRV1:c2VjcmV0:MTIz":             `plain " SCRV1:c2VjcmV0:MTIz"`,
		"SCRV1:c2VjcmV0:MTIzNDU2":          `static "secret" "123456"`,
		"SCRV1:c2VjcmV0:":                  `static "secret" ""`,
		"SCRV1:w7w6Og==:MQ==":              `static "ü::" "1"`,
		"CRV1::abc::123456":                `dynamic "abc" "123456"`,
		"CRV1::abc::":                      `dynamic "abc" ""`,
		"CRV1::a-_9Z::x::y":                `dynamic "a-_9Z" "x::y"`,
		"CRV1::abc:::":                     `dynamic "abc" ":"`,
		"CRV1::" + state + "::1":           `dynamic "` + state + `" "1"`,
		"SESS_ID_AT_AAAA":                  `token "SESS_ID_AT_AAAA"`,
		"SESS_ID_A":                        `plain "SESS_ID_A"`,
		"x\x00y":                           "broken",
		"SCRV1:":                           "broken",
		"SCRV1:c2VjcmV0":                   "broken",
		"SCRV1::MTIz":                      "broken", // an empty password
		"SCRV1:c2VjcmV0:MTIz:":             "broken",
		"SCRV1:c2VjcmV0:MTIz:NDU2":         "broken",
		"SCRV1:c2VjcmV0\n:MTIz":            "broken", // base64.Strict takes it
		"SCRV1:c2VjcmV0:MT\rIz":            "broken",
		"SCRV1:c2VjcmV0:MTIz ":             "broken",
		"SCRV1:w7w6Og:MQ==":                "broken", // no padding
		"SCRV1:c2VjcmV0:MQ":                "broken",
		"SCRV1:c2VjcmV0:MR==":              "broken", // bits after the end
		"SCRV1:_-8=:MQ==":                  "broken", // base64url
		"SCRV1:YQBi:MTIz":                  "broken", // a NUL inside
		"SCRV1:c2VjcmV0:AA==":              "broken",
		"SCRV1:U0NSVjE6YTpi:MTIz":          "broken", // SCRV1 in SCRV1
		"SCRV1:Q1JWMTo6YTo6Yg==:MTIz":      "broken", // CRV1 in SCRV1
		"SCRV1:U0VTU19JRF9BVF9hYQ==:MTIz":  "broken", // a token in SCRV1
		"CRV1:":                            "broken",
		"CRV1::":                           "broken",
		"CRV1:::":                          "broken",
		"CRV1::::123456":                   "broken",
		"CRV1::abc":                        "broken",
		"CRV1::abc:123456":                 "broken",
		"CRV1:R:abc::123456":               "broken",
		"CRV1:R,E:abc:YWRh:Enter the code": "broken",
		"CRV1::a.c::123456":                "broken",
		"CRV1::a c::123456":                "broken",
		"CRV1::abc\n::123456":              "broken",
		"CRV1::" + state + "s::1":          "broken",
		"CRV1::abc::12\x003456":            "broken",
	} {
		if got := parse(raw); got != want {
			t.Errorf("Parse(%q) is %s, want %s", raw, got, want)
		}
	}
}

func TestBrokenFrameErrorsDoNotQuoteTheField(t *testing.T) {
	for _, raw := range []string{"SCRV1:hunter2", "CRV1:hunter2", "CRV1::hunter2", "SCRV1:hunter2:hunter2", "\x00hunter2"} {
		_, err := challenge.Parse(secret.FromString(raw))
		if !errors.Is(err, challenge.ErrBrokenFrame) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("Parse(%q): %v", raw, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, raw := range []string{"", "a", "SCRV1:c2VjcmV0:MTIz", "SCRV1:c2VjcmV0\n:MTIz", "CRV1::abc::1::2", "SESS_ID_AT_x", "OVPN_VERIFY_AT_x", "SCRV1:U0VTU19JRF9BVF94:"} {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		field, err := challenge.Parse(secret.FromString(raw))
		if (field == nil) != errors.Is(err, challenge.ErrBrokenFrame) {
			t.Fatalf("field %T with error %v", field, err)
		}
		if back, ok := encode(field); ok && back != raw {
			t.Fatalf("%q was read and written back as %q", raw, back)
		}
		switch f := field.(type) {
		case challenge.Plain:
			noFrame(t, f.Password)
		case challenge.Static: // what goes to a directory is no frame either
			noFrame(t, f.Password)
			if f.Password.Empty() {
				t.Fatalf("%q holds no password", raw)
			}
		}
	})
}

func noFrame(t *testing.T, password secret.Text) {
	t.Helper()
	for _, prefix := range []string{"SCRV1:", "CRV1:", "SESS_ID_AT_", "OVPN_VERIFY_AT_"} {
		if strings.HasPrefix(string(password.Reveal()), prefix) {
			t.Fatalf("%q was taken for a password", password.Reveal())
		}
	}
	if strings.Contains(string(password.Reveal()), "\x00") {
		t.Fatalf("%q: a NUL byte in a password", password.Reveal())
	}
}

var stateAlphabet = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// FuzzAnswer: an answer is one exactly when its state could be one of ours, and
// nothing of it is lost or taken for something else.
func FuzzAnswer(f *testing.F) {
	f.Add("Om01u7Fh4LrGBS7uh0SWmz", "123456")
	f.Add("a", "::b::")
	f.Add("a:", ":b")
	f.Add("", "\x00")
	f.Fuzz(func(t *testing.T, state, response string) {
		field, err := challenge.Parse(secret.FromString("CRV1::" + state + "::" + response))
		answer, ok := field.(challenge.Dynamic)
		switch {
		case strings.Contains(state, "::") || strings.HasSuffix(state, ":"): // ends earlier than was meant
			if ok && (answer.State == state || !stateAlphabet.MatchString(answer.State)) {
				t.Errorf("state %q became %q", state, answer.State)
			}
		case stateAlphabet.MatchString(state) && !strings.Contains(response, "\x00"):
			if !ok || err != nil || answer.State != state || string(answer.Response.Reveal()) != response {
				t.Errorf("%q and %q became %T %q, %v", state, response, field, answer.State, err)
			}
		case !errors.Is(err, challenge.ErrBrokenFrame) || field != nil:
			t.Errorf("%q and %q became %T, %v", state, response, field, err)
		}
	})
}

func parse(raw string) string {
	field, err := challenge.Parse(secret.FromString(raw))
	if errors.Is(err, challenge.ErrBrokenFrame) {
		return "broken"
	}
	switch f := field.(type) {
	case challenge.Plain:
		return fmt.Sprintf("plain %q", f.Password.Reveal())
	case challenge.Static:
		return fmt.Sprintf("static %q %q", f.Password.Reveal(), f.Response.Reveal())
	case challenge.Dynamic:
		return fmt.Sprintf("dynamic %q %q", f.State, f.Response.Reveal())
	case challenge.Token:
		return fmt.Sprintf("token %q", f.Text.Reveal())
	}
	return fmt.Sprintf("%T, %v", field, err)
}

func encode(field challenge.Field) (string, bool) {
	b64 := func(t secret.Text) string { return base64.StdEncoding.EncodeToString(t.Reveal()) }
	switch f := field.(type) {
	case challenge.Plain:
		return string(f.Password.Reveal()), true
	case challenge.Static:
		return "SCRV1:" + b64(f.Password) + ":" + b64(f.Response), true
	case challenge.Dynamic:
		return "CRV1::" + f.State + "::" + string(f.Response.Reveal()), true
	case challenge.Token:
		return string(f.Text.Reveal()), true
	case challenge.SessionToken:
		return string(f.Text.Reveal()), true
	}
	return "", false
}
