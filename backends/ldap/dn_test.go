package ldap

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	goldap "github.com/go-ldap/ldap/v3"
)

// sameDN tells whether both are DNs and name the same entry.
func sameDN(a, b string) bool {
	ca, errA := canonicalDN(a)
	cb, errB := canonicalDN(b)
	return errA == nil && errB == nil && ca == cb
}

func TestSameDN(t *testing.T) {
	same := [][2]string{
		{"cn=vpn,dc=example", "CN=VPN,DC=Example"},
		{"cn=vpn,dc=example", "cn = vpn , dc=example"},
		{"cn=vpn,dc=example", "cn=vpn;dc=example"},
		{"cn=vpn,dc=example", `cn=\76pn,dc=example`},
		{"cn=vpn,dc=example", "cn=#040376706e,dc=example"},
		{`cn=a\,b,dc=example`, `cn=a\2cb,dc=example`},
		{"cn=é,dc=example", `cn=\C3\A9,dc=example`},
		{"cn=É,dc=example", "cn=é,dc=example"},
		{"cn=a+ou=b,dc=example", "OU=B+CN=A,dc=example"},
	}
	for _, p := range same {
		if !sameDN(p[0], p[1]) || !sameDN(p[1], p[0]) {
			t.Errorf("%q and %q are not the same", p[0], p[1])
		}
	}
	different := [][2]string{
		{"cn=vpn,dc=example", "cn=vpn,dc=example,dc=org"},
		{"cn=vpn,dc=example", "cn=vpn2,dc=example"},
		{"cn=vpn,dc=example", "ou=vpn,dc=example"},
		{"cn=vpn,dc=example", `cn=vpn\,dc=example`},
		{"cn=a+cn=a+cn=b,dc=x", "cn=a+cn=b+cn=b,dc=x"},
		{`cn=a\+ou=b,dc=x`, "cn=a+ou=b,dc=x"},
		{"cn=staff,dc=x", "cn=\u017ftaff,dc=x"},
		{"cn=kim,dc=x", "cn=\u212aim,dc=x"},
		{"cn=\xff,dc=x", "cn=\xfe,dc=x"},
		{"cn=\xff,dc=x", "cn=\ufffd,dc=x"},
		{`cn=\ff,dc=x`, `cn=\fe,dc=x`},
		{"", ""},
		{"  ", ""},
		{"vpn", "vpn"},
	}
	for _, p := range different {
		if sameDN(p[0], p[1]) || sameDN(p[1], p[0]) {
			t.Errorf("%q and %q are the same", p[0], p[1])
		}
	}
}

// FuzzSameDN holds that sameness is symmetric and finer than the library's own,
// which knows no case at all, and that a DN's canonical form names the same
// entry as the DN. Sameness of strings makes it reflexive and transitive.
func FuzzSameDN(f *testing.F) {
	for _, s := range []string{
		"cn=vpn,dc=example", `cn=a\,b+OU=\C3\A9;dc=x`, "cn=#040376706e", "cn=\xff", `cn=\ff`, " cn = a\\ ,dc=x",
		`\61=b`, "cn==,dc=", `cn=\#a\ `, "cn=\u017f",
	} {
		f.Add(s, s)
		f.Add(s, "CN=vpn, DC=example")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		if sameDN(a, b) != sameDN(b, a) {
			t.Errorf("%q and %q are the same one way only", a, b)
		}
		if sameDN(a, b) && !librarySame(a, b) {
			t.Errorf("%q and %q are the same, and not to the library", a, b)
		}
		c, err := canonicalDN(a)
		if err != nil {
			return
		}
		if again, err := canonicalDN(c); err != nil || again != c {
			t.Errorf("%q becomes %q, and that %q: %v", a, c, again, err)
		}
		if !sameDN(a, a) || !sameDN(a, c) {
			t.Errorf("%q is not the same as itself, or as %q", a, c)
		}
	})
}

func librarySame(a, b string) bool {
	da, errA := goldap.ParseDN(a)
	db, errB := goldap.ParseDN(b)
	return errA == nil && errB == nil && da.EqualFold(db)
}

// FuzzDNSpelling holds that a name of the fuzzer's values is the same however it
// is written, and that no other value makes the same name.
func FuzzDNSpelling(f *testing.F) {
	f.Add("vpn", "Example Org", true)
	f.Add(" a,b ", `#\"+;<>=`, false)
	f.Add("\u00e9\u017f\u212a", "\x00\r\n", true)
	f.Add("", "x", false)
	f.Add("+", "ou=x", true)
	f.Fuzz(func(t *testing.T, one, other string, multi bool) {
		if !utf8.ValidString(one) || !utf8.ValidString(other) {
			return
		}
		name := spellings(one, other, multi)
		for _, s := range name {
			if !sameDN(name[0], s) {
				t.Errorf("%q and %q are not the same", name[0], s)
			}
		}
		for _, value := range []string{one + "x", "x" + one, one + " ", one + `\`, one + ",ou=x", one + "+ou=x", strings.ToUpper(one) + "\u0131"} {
			if fold(value) == fold(one) {
				continue
			}
			if s := spellings(value, other, multi)[0]; sameDN(name[0], s) {
				t.Errorf("%q and %q are the same", name[0], s)
			}
		}
	})
}

// spellings are ways to write cn=one and ou=other, in one RDN or in two, before dc=x.
func spellings(one, other string, multi bool) []string {
	join := ","
	if multi {
		join = "+"
	}
	write := func(escape func(string) string, format string) string {
		return fmt.Sprintf(format, escape(one), join, escape(other))
	}
	all := []string{
		write(hexEscaped, "cn=%s%sou=%s,dc=x"),
		write(goldap.EscapeDN, "cn=%s%sou=%s,dc=x"),
		write(hexEscaped, " CN = %s %s oU = %s , dC = X "),
		write(hexEscaped, "cn=%s%sou=%s;dc=x"),
		write(func(s string) string { return strings.ToUpper(hexEscaped(s)) }, "cn=%s%sou=%s,dc=x"),
		write(func(s string) string { return hexEscaped(strings.Map(asciiUpper, s)) }, "cn=%s%sou=%s,dc=x"),
	}
	if multi {
		all = append(all, fmt.Sprintf("ou=%s+cn=%s,dc=x", hexEscaped(other), hexEscaped(one)))
	}
	return all
}

func hexEscaped(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		b.WriteString(`\` + hex.EncodeToString([]byte{c}))
	}
	return b.String()
}

func asciiUpper(r rune) rune {
	if r >= 'a' && r <= 'z' {
		return r - 'a' + 'A'
	}
	return r
}
