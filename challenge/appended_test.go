package challenge_test

import (
	"testing"

	"ovpn-verify/challenge"
	"ovpn-verify/verify/secret"
)

func TestSplitAppended(t *testing.T) {
	for _, c := range []struct {
		password   string
		digits     int
		head, code string
		ok         bool
	}{
		{"hunter123456", 6, "hunter", "123456", true},
		{"1234567", 6, "1", "234567", true},
		{"ü12345678", 8, "ü", "12345678", true},
		{"123456", 6, "", "", false}, // nothing before the code
		{"", 6, "", "", false},
		{"hunter12345", 6, "", "", false},
		{"hunter123456 ", 6, "", "", false},
		{"hunter12345６", 6, "", "", false},
		{"hunter", 0, "", "", false},
		{"hunter", -1, "", "", false},
	} {
		head, code, ok := challenge.SplitAppended(secret.FromString(c.password), c.digits)
		if ok != c.ok || string(head.Reveal()) != c.head || string(code.Reveal()) != c.code {
			t.Errorf("%q, %d digits: %q, %q, %v", c.password, c.digits, head.Reveal(), code.Reveal(), ok)
		}
	}
}
