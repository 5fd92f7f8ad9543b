package ldap

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"
)

// memberOf returns the values of memberOf, all of them: Active Directory sends
// 1500 at most, as memberOf;range=0-1499, and wants to be asked for the rest
// (MS-ADTS section 3.1.1.3.1.3.3).
func (s *session) memberOf(ctx context.Context, user *goldap.Entry) ([]string, error) {
	values, more, next := ranged(user, attributeMemberOf)
	if !more {
		return values, nil
	}
	err := s.step(ctx, "read memberOf", func() error {
		for more {
			if len(values) > maxGroups {
				return errTooManyEntries
			}
			entry, err := s.read(user.DN, fmt.Sprintf("%s;range=%d-*", attributeMemberOf, next))
			if err != nil {
				return err
			}
			var part []string
			after := next
			if entry != nil {
				part, more, next = ranged(entry, attributeMemberOf)
			}
			if len(part) == 0 || more && next <= after {
				return errors.New("the server does not go on with memberOf")
			}
			values = append(values, part...)
		}
		return nil
	})
	return values, err
}

// ranged returns an attribute's values, and where to go on when there are more.
func ranged(entry *goldap.Entry, attribute string) (values []string, more bool, next int) {
	for _, a := range entry.Attributes {
		name, option, _ := strings.Cut(a.Name, ";")
		if !strings.EqualFold(name, attribute) {
			continue
		}
		values = append(values, a.Values...)
		_, last, ok := strings.Cut(option, "-")
		if !ok || !strings.HasPrefix(strings.ToLower(option), "range=") || last == "*" {
			continue
		}
		if n, err := strconv.Atoi(last); err == nil && n >= 0 && n < 1<<24 {
			more, next = true, n+1
		}
	}
	return values, more, next
}

// primaryGroup is the DN of Active Directory's primary group, which is not in
// memberOf: the group whose identifier is the user's with the last part
// replaced by primaryGroupID. Empty where there is none.
func (s *session) primaryGroup(ctx context.Context, user *goldap.Entry) (string, error) {
	if s.backend.config.Schema != schemaAD {
		return "", nil
	}
	sid, ok := primaryGroupSID(user)
	base := domainDN(user.DN)
	if !ok || base == "" {
		return "", nil
	}
	var dn string
	err := s.step(ctx, "search primary group", func() error {
		filter := "(objectSid=" + escapeBytes(sid) + ")"
		found, err := s.search(question{base, goldap.ScopeWholeSubtree, filter, onlyOne, []string{noAttributes}})
		switch {
		case err != nil:
			return fmt.Errorf("%q below %q: %w", filter, base, err)
		case len(found.Entries) > 1:
			return fmt.Errorf("%q below %q: more than one entry", filter, base)
		case len(found.Entries) == 1:
			dn = found.Entries[0].DN
		}
		return nil
	})
	return dn, err
}

// primaryGroupSID makes the identifier from the user's, MS-DTYP section 2.4.2.2:
// a revision, the number of sub-authorities, six bytes of authority, and the
// sub-authorities with the lowest byte first.
func primaryGroupSID(user *goldap.Entry) ([]byte, bool) {
	sids := user.GetEqualFoldRawAttributeValues(attributeObjectSID)
	group, err := strconv.ParseUint(strings.Join(user.GetEqualFoldAttributeValues(attributePrimaryGroup), " "), 10, 32)
	if err != nil || len(sids) != 1 || len(sids[0]) < 12 || len(sids[0]) != 8+4*int(sids[0][1]) {
		return nil, false
	}
	sid := append([]byte(nil), sids[0]...)
	binary.LittleEndian.PutUint32(sid[len(sid)-4:], uint32(group))
	return sid, true
}

// escapeBytes writes an assertion value of any bytes, RFC 4515 section 3.
func escapeBytes(value []byte) string {
	var b strings.Builder
	for _, c := range value {
		fmt.Fprintf(&b, `\%02x`, c)
	}
	return b.String()
}
