package ldap

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"

	"ovpn-verify/verify/primary"
)

const attributeMemberOf = "memberOf"

// onlyOne is the size limit that tells one entry from several.
const onlyOne = 2

// findUser returns the one entry that the typed name stands for. None and
// several are refusals. A base that does not exist, or a search the service
// account may not make, says nothing about the user: an outage.
func (s *session) findUser(ctx context.Context, username string) (*goldap.Entry, error) {
	c := s.backend.config
	filter := expandFilter(c.UserFilter, username, "")
	var user *goldap.Entry
	err := s.step(ctx, "search user", func() error {
		found, err := s.search(c.BaseDN, filter, onlyOne, c.UsernameAttribute, attributeMemberOf, "cn", "mail")
		r, answered := errors.AsType[resultError](err)
		switch {
		case answered && r.code == goldap.LDAPResultSizeLimitExceeded, len(found) > 1:
			return fmt.Errorf("%w: %q matches more than one entry", primary.ErrRefused, filter)
		case err != nil:
			return fmt.Errorf("%q below %q: %w", filter, c.BaseDN, err)
		case len(found) == 0:
			return fmt.Errorf("%w: %q matches no entry", primary.ErrRefused, filter)
		case strings.TrimSpace(found[0].DN) == "":
			return fmt.Errorf("%w: %q matches an entry without a DN", primary.ErrRefused, filter)
		}
		user = found[0]
		return nil
	})
	return user, err
}

// search asks for the entries below base. Aliases are not followed, and
// neither are referrals: both lead to names that base_dn does not vouch for.
// With an error, the entries that came before it are returned as well.
func (s *session) search(base, filter string, limit int, attributes ...string) ([]*goldap.Entry, error) {
	seconds := int(math.Ceil(s.backend.config.Timeout.Seconds()))
	result, err := s.ldap.Search(goldap.NewSearchRequest(base,
		goldap.ScopeWholeSubtree, goldap.NeverDerefAliases, limit, seconds, false, filter, attributes, nil))
	var found []*goldap.Entry
	if result != nil {
		found = result.Entries
	}
	if err != nil {
		return found, readable(err, "")
	}
	return found, nil
}
