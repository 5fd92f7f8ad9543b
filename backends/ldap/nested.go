package ldap

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
)

// maxNesting bounds how many groups may be in one another. A cycle ends by
// itself, since no group is looked at twice.
const maxNesting = 20

var errTooNested = fmt.Errorf("groups are nested deeper than %d", maxNesting)

// nestedGroups adds the groups that those found are in: by one search where
// the filter has Active Directory's rule, else group by group.
func (s *session) nestedGroups(ctx context.Context, user, primary string, found *groupSet) error {
	return s.step(ctx, "search nested groups", func() error {
		if strings.Contains(s.backend.config.GroupFilter, ruleInChain) {
			return s.groupsInChain(user, primary, found)
		}
		return s.walk(found)
	})
}

// groupsInChain asks for the user and for the primary group, whose members the
// server does not keep as member.
func (s *session) groupsInChain(user, primary string, found *groupSet) error {
	c := s.backend.config
	base := cmp.Or(c.GroupBaseDN, domainDN(c.BaseDN), c.BaseDN)
	for _, member := range []string{user, primary} {
		if member == "" {
			continue
		}
		dns, err := s.searchGroups(base, expandFilter(c.GroupFilter, filling{username: member, dn: member}))
		if err != nil {
			return err
		}
		found.add(dns...)
	}
	return nil
}

// walk goes upward, level by level.
func (s *session) walk(found *groupSet) error {
	level := newGroupSet().add(found.dns...)
	for depth := 0; len(level) > 0; depth++ {
		if depth == maxNesting {
			return errTooNested
		}
		var next []string
		for _, group := range level {
			parents, err := s.parents(group)
			if err != nil {
				return err
			}
			next = append(next, found.add(parents...)...)
			if len(found.dns) > maxGroups {
				return errTooManyEntries
			}
		}
		level = next
	}
	return nil
}

// parents are the groups that a group is in. A group takes the user's place in
// the filter, and its DN that of the name: a group has none, and nobody's name
// is to lead to somebody else's groups.
func (s *session) parents(group string) ([]string, error) {
	c := s.backend.config
	if c.GroupBaseDN != "" {
		return s.searchGroups(c.GroupBaseDN, expandFilter(c.GroupFilter, filling{username: group, dn: group}))
	}
	entry, err := s.read(group, attributeMemberOf)
	if err != nil || entry == nil {
		return nil, err
	}
	values, more, _ := ranged(entry, attributeMemberOf)
	if more {
		return nil, errors.New("a group is in too many groups")
	}
	return values, nil
}
