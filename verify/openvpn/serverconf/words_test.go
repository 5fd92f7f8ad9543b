package serverconf

import (
	"slices"
	"strings"
	"testing"
)

// The rules of src/openvpn/options_parse.c, parse_line.
func TestWords(t *testing.T) {
	long := strings.Repeat("x", maxWord)
	for line, want := range map[string][]string{
		"":                             nil,
		" \t\r\n":                      nil,
		"# a comment":                  nil,
		"  ; another":                  nil,
		"verb 3":                       {"verb", "3"},
		"\tverb   3 \r\n":              {"verb", "3"},
		"verb 3 # comment":             {"verb", "3"},
		"verb 3# no comment":           {"verb", "3#", "no", "comment"},
		`push "route 10.0.0.0"`:        {"push", "route 10.0.0.0"},
		`push 'a "b" \c'`:              {"push", `a "b" \c`},
		`push "a 'b' \\c \"d\""`:       {"push", `a 'b' \c "d"`},
		`a\ b c\\d`:                    {"a b", `c\d`},
		`a"b c"d`:                      {`a"b`, `c"d`},
		`"a"b`:                         {"a", "b"},
		`a ""`:                         {"a", ""},
		`\# x`:                         nil, // a comment even so
		`\"a b`:                        {`"a`, "b"},
		"verb\x003":                    {"verb"},
		"a\\\nb":                       {"a\nb"},
		long:                           {long},
		strings.Repeat("a ", 20):       slices.Repeat([]string{"a"}, maxWords),
		strings.Repeat("a ", 16) + `"`: slices.Repeat([]string{"a"}, maxWords),
	} {
		if got, err := words(line); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %q, %v, want %q", line, got, err, want)
		}
	}
}

func TestWordsThatStopOpenVPN(t *testing.T) {
	for line, want := range map[string]string{
		`ca "server.crt`: `closing "`, `ca 'server.crt`: "closing '", `ca C:\keys`: "backslash", `ca "C:\keys"`: "backslash",
		`ca x\`: "end of the file", strings.Repeat("x", maxWord+1): "longer than 256", `ca \'x`: "backslash",
	} {
		if got, err := words(line); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %q, %v, want %q", line, got, err, want)
		}
	}
}

// What is quoted is read back, and nothing that a file holds ends the program.
func FuzzWords(f *testing.F) {
	for _, seed := range []string{`push "route 10.0.0.0"`, `a\ b 'c d' "e\"f"`, "# x", `\`, `"`, "'\x00", `"a"b\\`, "\xff\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		first, err := words(line)
		if err != nil {
			return
		}
		var quoted []string
		for _, w := range first {
			if len(w) > maxWord || strings.Contains(w, "\x00") {
				t.Fatalf("%q: word %q", line, w)
			}
			quoted = append(quoted, Quote(w))
		}
		if again, err := words(strings.Join(quoted, " ")); err != nil || !slices.Equal(again, first) {
			t.Errorf("%q: %q, quoted and read again %q, %v", line, first, again, err)
		}
	})
}
