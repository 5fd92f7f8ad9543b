package ldap

import "testing"

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

// FuzzSameDN holds that sameness is symmetric, and that a DN's canonical form
// names the same entry as the DN.
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
		c, err := canonicalDN(a)
		if err != nil {
			return
		}
		if again, err := canonicalDN(c); err != nil || again != c {
			t.Errorf("%q becomes %q, and that %q: %v", a, c, again, err)
		}
	})
}
