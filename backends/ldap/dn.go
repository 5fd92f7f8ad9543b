package ldap

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	goldap "github.com/go-ldap/ldap/v3"
)

// canonicalDN writes a DN so that two spellings of it become one string:
// case of types and values, escapes (RFC 4514 section 2.4), spaces around
// commas and the order inside a multi-valued RDN do not count. DNs are the
// same when their canonical forms are.
//
// Text that is not UTF-8 is refused: the library replaces such bytes by one
// and the same character, so that different names would come out equal.
func canonicalDN(s string) (string, error) {
	if !utf8.ValidString(s) {
		return "", errors.New("it is not UTF-8")
	}
	dn, err := goldap.ParseDN(s)
	if err != nil {
		return "", err
	}
	if len(dn.RDNs) == 0 {
		return "", errors.New("it is empty")
	}
	for _, rdn := range dn.RDNs {
		for _, a := range rdn.Attributes {
			if !utf8.ValidString(a.Value) {
				return "", errors.New("a value in it is not UTF-8")
			}
			a.Value = fold(a.Value)
		}
	}
	return dn.String(), nil
}

// fold removes the difference of case, but never makes an ASCII letter equal
// to a character beyond ASCII: strings.EqualFold takes U+017F for "s" and
// U+212A for "k", and where the directory tells them apart, a look-alike
// group must not stand in for the required one.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf {
			return unicode.ToLower(r)
		}
		smallest := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			if next >= utf8.RuneSelf {
				smallest = min(smallest, next)
			}
		}
		return smallest
	}, s)
}
