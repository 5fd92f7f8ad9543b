package challenge_test

import (
	"encoding/base64"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"ovpn-verify/challenge"
	"ovpn-verify/verify/secret"
)

func TestMessage(t *testing.T) {
	q := challenge.Question{State: "Om01u7Fh4LrGBS7uh0SWmz", Username: "cr1", Text: " Enter: code,\r\nplease\x00\u0085\n", Echo: true}
	if got, want := challenge.Message(q), "CRV1:R,E:Om01u7Fh4LrGBS7uh0SWmz:Y3Ix:Enter: code,  please"; got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	q.Echo = false
	if got, want := challenge.Message(q), "CRV1:R:Om01u7Fh4LrGBS7uh0SWmz:Y3Ix:Enter: code,  please"; got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestMessageFitsWithTheLongestUserName(t *testing.T) {
	for _, length := range []int{0, 255, 256, 257, 100_000} {
		m := challenge.Message(challenge.Question{State: challenge.NewState(),
			Username: strings.Repeat("u", length), Text: strings.Repeat("日本", 1000)})
		if n := len("AUTH_FAILED," + m); n > 1000 || n < 998 || !utf8.ValidString(m) {
			t.Errorf("user name of %d bytes: %d bytes, valid UTF-8: %v", length, n, utf8.ValidString(m))
		}
	}
}

func TestCleanText(t *testing.T) {
	for _, c := range []struct {
		in    string
		limit int
		want  string
	}{
		{"plain", 100, "plain"},
		{"", 100, ""},
		{"\x1b[31mred\x7f", 100, "[31mred"},
		{"a\tb\vc", 100, "a b c"},
		{"a\u2028b\u2029c\u009bd", 100, "a b c d"},
		{"a\xff\xfeb", 100, "a  b"},
		{"grün", 3, "gr"},
		{"grün", 4, "grü"},
		{"ab cd", 3, "ab"},
		{"日", 2, ""},
		{"abc", 0, ""},
		{"abc", -5, ""},
	} {
		if got := challenge.CleanText(c.in, c.limit); got != c.want {
			t.Errorf("CleanText(%q, %d) is %q, want %q", c.in, c.limit, got, c.want)
		}
	}
}

func TestNewStateIsFreshAndCanBeAnswered(t *testing.T) {
	state := challenge.NewState()
	if !regexp.MustCompile(`^[A-Za-z0-9_-]{22}$`).MatchString(state) || state == challenge.NewState() {
		t.Errorf("state %q", state)
	}
	field, err := challenge.Parse(secret.FromString("CRV1::" + state + "::123456"))
	if answer, ok := field.(challenge.Dynamic); !ok || answer.State != state {
		t.Errorf("answer %T, %v", field, err)
	}
}

func FuzzMessage(f *testing.F) {
	f.Add("ada", "Enter the code", true)
	f.Add(strings.Repeat("u", 300), strings.Repeat("日\n", 500), false)
	f.Add("a\x00b", "\xff\u2028\x7f", true)
	f.Fuzz(func(t *testing.T, user, text string, echo bool) {
		const state = "Om01u7Fh4LrGBS7uh0SWmz" // fixed: the fuzzer learns from what repeats
		m := challenge.Message(challenge.Question{State: state, Username: user, Text: text, Echo: echo})
		if len("AUTH_FAILED,"+m) > 1000 || !utf8.ValidString(m) || strings.ContainsFunc(m, unicode.IsControl) {
			t.Fatalf("%d bytes: %q", len(m), m)
		}
		parts := strings.SplitN(m, ":", 5)
		if len(parts) != 5 || parts[0] != "CRV1" || parts[2] != state || (parts[1] == "R,E") != echo {
			t.Fatalf("frame %q", m)
		}
		name, err := base64.StdEncoding.DecodeString(parts[3])
		if err != nil || !strings.HasPrefix(user, string(name)) || (len(user) <= 256 && string(name) != user) {
			t.Fatalf("user %q became %q, %v", user, name, err)
		}
	})
}
