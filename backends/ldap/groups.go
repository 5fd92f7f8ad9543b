package ldap

import (
	"context"
	"fmt"

	goldap "github.com/go-ldap/ldap/v3"

	"ovpn-verify/verify/primary"
)

// noAttributes asks for entries' DNs alone, RFC 4511 section 4.5.1.8.
const noAttributes = "1.1"

// maxGroups bounds the groups of one user; Active Directory itself ends at 1015.
const maxGroups = 2000

// groups returns the DNs of the user's groups: those that memberOf or the
// search tells, Active Directory's primary group, and with nested_groups those
// that these are in. A search that the server cut short is an outage: part of
// the groups is no ground for a refusal.
func (s *session) groups(ctx context.Context, user *goldap.Entry, name string) ([]string, error) {
	found := newGroupSet()
	direct, err := s.directGroups(ctx, user, name)
	if err != nil {
		return nil, err
	}
	found.add(direct...)
	primary, err := s.primaryGroup(ctx, user)
	if err != nil {
		return nil, err
	}
	if primary != "" {
		found.add(primary)
	}
	if s.backend.config.NestedGroups {
		err = s.nestedGroups(ctx, user.DN, primary, found)
	}
	return found.dns, err
}

func (s *session) directGroups(ctx context.Context, user *goldap.Entry, name string) ([]string, error) {
	c := s.backend.config
	if c.GroupBaseDN == "" {
		return s.memberOf(ctx, user)
	}
	var dns []string
	err := s.step(ctx, "search groups", func() error {
		var err error
		dns, err = s.searchGroups(c.GroupBaseDN, expandFilter(c.GroupFilter, filling{username: name, dn: user.DN}))
		return err
	})
	return dns, err
}

func (s *session) searchGroups(base, filter string) ([]string, error) {
	found, err := s.searchAll(question{base, goldap.ScopeWholeSubtree, filter, 0, []string{noAttributes}})
	if err != nil {
		return nil, fmt.Errorf("%q below %q: %w", filter, base, err)
	}
	var dns []string
	for _, group := range found {
		dns = append(dns, group.DN)
	}
	return dns, nil
}

// groupSet holds groups in the order they were found, each once however it is
// spelled.
type groupSet struct {
	dns  []string
	seen map[string]bool
}

func newGroupSet() *groupSet { return &groupSet{seen: map[string]bool{}} }

// add returns those that are new. What is no DN is kept as it is: it is in no
// required group, and nothing is searched for it.
func (g *groupSet) add(dns ...string) (added []string) {
	for _, dn := range dns {
		canonical, err := canonicalDN(dn)
		if err != nil {
			canonical = "\x00" + dn
		}
		if g.seen[canonical] {
			continue
		}
		g.seen[canonical] = true
		g.dns = append(g.dns, dn)
		if err == nil {
			added = append(added, dn)
		}
	}
	return added
}

// checkMember refuses a user who is in none of the required groups.
func (b *Backend) checkMember(server string, f *found) error {
	if len(b.required) == 0 {
		return nil
	}
	for _, group := range f.identity.Groups {
		if dn, err := canonicalDN(group); err == nil && b.required[dn] {
			return nil
		}
	}
	return fmt.Errorf("%s: %w: %q is in none of ldap.required_groups", server, primary.Group, f.dn)
}
