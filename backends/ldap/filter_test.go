package ldap

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	ber "github.com/go-asn1-ber/asn1-ber"
	goldap "github.com/go-ldap/ldap/v3"
)

func TestExpandFilter(t *testing.T) {
	for username, want := range map[string]string{
		"ada":            "(uid=ada)",
		"*":              `(uid=\2a)`,
		"a)(uid=*":       `(uid=a\29\28uid=\2a)`,
		`a\2a`:           `(uid=a\5c2a)`,
		"a\x00b":         `(uid=a\00b)`,
		"é":              `(uid=\c3\a9)`,
		"\xff\xfe":       `(uid=\ff\fe)`,
		"{dn}{username}": "(uid={dn}{username})",
		"a&|!=<>~:":      "(uid=a&|!=<>~:)",
	} {
		if got := expandFilter("(uid={username})", filling{username: username, dn: "cn=x"}); got != want {
			t.Errorf("%q: %s, want %s", username, got, want)
		}
	}
	got := expandFilter("(|(member={dn})(memberUid={username})(uid={account}))", filling{"a(", "{dn}*", `uid=a\28,dc=é*`})
	if want := `(|(member=uid=a\5c28,dc=\c3\a9\2a)(memberUid=a\28)(uid={dn}\2a))`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// FuzzFilter holds that whatever a user is called, the filter that is sent is
// the configured one, with the name as its value, octet for octet.
func FuzzFilter(f *testing.F) {
	for _, s := range []string{
		"ada", "*", ")(uid=*", `\`, `\2a`, "\x00", "é", "\xff", "{username}", "{dn}", "\ufffd", ":=", "(", " a ", "=*",
	} {
		f.Add(s)
	}
	shapes := map[string]string{} // of the presets' filters, with x0x for the name
	for _, preset := range presets {
		for _, filter := range []string{preset.userFilter, preset.groupFilter} {
			shapes[filter] = outline(compiled(f, filter, "x0x"))
		}
	}
	f.Fuzz(func(t *testing.T, name string) {
		p := compiled(t, "(&(objectClass=person)(uid={username}))", name)
		if len(p.Children) != 2 {
			t.Fatalf("%q makes %d parts", name, len(p.Children))
		}
		isEquality(t, p.Children[0], "objectClass", "person")
		isEquality(t, p.Children[1], "uid", name)
		for filter, shape := range shapes {
			want := strings.ReplaceAll(shape, `"x0x"`, strconv.Quote(name))
			if got := outline(compiled(t, filter, name)); got != want {
				t.Errorf("%q in %s makes %s, want %s", name, filter, got, want)
			}
		}
	})
}

func compiled(t testing.TB, filter, name string) *ber.Packet {
	t.Helper()
	text := expandFilter(filter, filling{name, name, name})
	p, err := goldap.CompileFilter(text)
	if err != nil {
		t.Fatalf("%q makes %q: %v", name, text, err)
	}
	return p
}

// outline is the filter's shape, with its values in quotes.
func outline(p *ber.Packet) string {
	if len(p.Children) == 0 {
		return fmt.Sprintf("%d %q", p.Tag, p.Data.String())
	}
	parts := make([]string, len(p.Children))
	for i, child := range p.Children {
		parts[i] = outline(child)
	}
	return fmt.Sprintf("%d(%s)", p.Tag, strings.Join(parts, " "))
}

func isEquality(t *testing.T, p *ber.Packet, attribute, value string) {
	t.Helper()
	if p.Tag != goldap.FilterEqualityMatch || len(p.Children) != 2 {
		t.Fatalf("not an equality: tag %d", p.Tag)
	}
	if a, v := p.Children[0].Data.String(), p.Children[1].Data.String(); a != attribute || v != value {
		t.Errorf("%q=%q, want %q=%q", a, v, attribute, value)
	}
}

func TestCheckFilter(t *testing.T) {
	for _, good := range []string{
		"(uid={username})", "(&(objectClass=person)(|(uid={username})(mail={username}@example.org)))",
		"(uid:caseExactMatch:={username})", `(&(uid={username})(cn=\7bx\7d))`, "(uid={username}*)",
	} {
		if err := checkFilter(good, placeUsername); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for bad, want := range map[string]string{
		"":                               "it does not contain {username}",
		"(uid=ada)":                      "it does not contain {username}",
		"(uid={Username})":               "it does not contain {username}",
		"uid={username}":                 "{username} must stand after a =",
		"({username}=x)":                 "{username} must stand after a =",
		"(uid={username})({username}=x)": "{username} must stand after a =",
		"(uid:{username}:=x)":            "{username} must stand after a =",
		"(&(uid={username})(dn={dn}))":   "nothing but {username} may stand in braces",
		"(uid={username}":                "unexpected end of filter",
		"(uid={username}))":              "extra at end",
		`(uid={username}\zz)`:            "invalid characters for escape",
	} {
		if err := checkFilter(bad, placeUsername); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", bad, err, want)
		}
	}
}
