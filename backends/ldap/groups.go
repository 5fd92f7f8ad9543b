package ldap

import (
	"context"
	"fmt"

	goldap "github.com/go-ldap/ldap/v3"

	"ovpn-verify/verify/primary"
)

// noAttributes asks for entries' DNs alone, RFC 4511 section 4.5.1.8.
const noAttributes = "1.1"

// groups returns the DNs of the user's groups. A search that the server cut
// short is an outage: part of the groups is no ground for a refusal.
func (s *session) groups(ctx context.Context, user *goldap.Entry, name string) ([]string, error) {
	c := s.backend.config
	if c.GroupBaseDN == "" {
		return user.GetEqualFoldAttributeValues(attributeMemberOf), nil
	}
	filter := expandFilter(c.GroupFilter, name, user.DN)
	var dns []string
	err := s.step(ctx, "search groups", func() error {
		found, err := s.search(c.GroupBaseDN, filter, 0, noAttributes)
		if err != nil {
			return fmt.Errorf("%q below %q: %w", filter, c.GroupBaseDN, err)
		}
		for _, group := range found {
			dns = append(dns, group.DN)
		}
		return nil
	})
	return dns, err
}

// checkMember refuses a user who is in none of the required groups.
func (s *session) checkMember(user string, groups []string) error {
	if len(s.backend.required) == 0 {
		return nil
	}
	for _, group := range groups {
		if dn, err := canonicalDN(group); err == nil && s.backend.required[dn] {
			return nil
		}
	}
	return fmt.Errorf("%s: %w: %q is in none of ldap.required_groups", s.server, primary.ErrRefused, user)
}
