package ldap

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	goldap "github.com/go-ldap/ldap/v3"

	"ovpn-verify/verify/primary"
)

// identify makes the identity of an entry, without its groups. An entry whose
// name cannot be read is an outage, not a refusal: the entry was found by that
// name, so it is the service account that may not see it, or
// username_attribute that is wrong.
func identify(user *goldap.Entry, attribute string) (primary.Identity, error) {
	name := entryName(user, attribute)
	if name == "" {
		return primary.Identity{}, fmt.Errorf("%q has no usable %s (ldap.username_attribute)", user.DN, attribute)
	}
	attributes := make(map[string][]string, len(user.Attributes))
	for _, a := range user.Attributes {
		if isInternal(a.Name) {
			continue
		}
		attributes[a.Name] = a.Values
	}
	return primary.Identity{Name: name, Attributes: attributes}, nil
}

// isInternal tells what stays out of the identity.
func isInternal(attribute string) bool {
	return slices.ContainsFunc(internalAttributes, func(a string) bool {
		return strings.EqualFold(a, attribute)
	})
}

// entryName chooses the same value however the user was found and in whatever
// order the server sent them (a SET has none, RFC 4511 section 4.1.7): the one
// that the DN is made of, else the smallest.
func entryName(user *goldap.Entry, attribute string) string {
	var usable []string
	for _, v := range user.GetEqualFoldAttributeValues(attribute) {
		if usableName(v) {
			usable = append(usable, v)
		}
	}
	if len(usable) == 0 {
		return ""
	}
	slices.Sort(usable)
	if dn, err := goldap.ParseDN(user.DN); err == nil && len(dn.RDNs) > 0 {
		for _, a := range dn.RDNs[0].Attributes {
			named := func(v string) bool { return fold(v) == fold(a.Value) }
			if i := slices.IndexFunc(usable, named); i >= 0 && strings.EqualFold(a.Type, attribute) {
				return usable[i]
			}
		}
	}
	return usable[0]
}

// usableName holds back what would break a log line or a key.
func usableName(s string) bool {
	return s != "" && s == strings.TrimSpace(s) && len(s) <= maxUsername &&
		utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}
