package ldap

import (
	"context"
	"errors"
	"fmt"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"

	"ovpn-verify/verify/primary"
)

const (
	attributeMemberOf     = "memberOf"
	attributeObjectSID    = "objectSid"
	attributePrimaryGroup = "primaryGroupID"
)

// onlyOne is the size limit that tells one entry from several.
const onlyOne = 2

// pageSize is how many entries one answer holds; Active Directory gives 1000
// at most without paging (MaxPageSize), other servers 500.
const pageSize = 500

var errTooManyEntries = fmt.Errorf("the search found more than %d groups", maxGroups)

// question is one search.
type question struct {
	base       string
	scope      int
	filter     string
	limit      int // of entries; 0: none
	attributes []string
}

// userAttributes are what is read of the user's entry.
func (c Config) userAttributes() []string {
	names := append([]string{c.UsernameAttribute, attributeMemberOf, "cn", "mail"}, accountAttributes...)
	if c.Schema == schemaAD {
		names = append(names, attributeObjectSID, attributePrimaryGroup)
	}
	return names
}

// findUser returns the one entry that the typed name stands for. None and
// several are refusals. A base that does not exist, or a search the service
// account may not make, says nothing about the user: an outage.
func (s *session) findUser(ctx context.Context, username string) (*goldap.Entry, error) {
	c := s.backend.config
	filter := expandFilter(c.UserFilter, filling{username: username, account: c.account(username)})
	var user *goldap.Entry
	err := s.step(ctx, "search user", func() error {
		found, err := s.search(question{c.BaseDN, goldap.ScopeWholeSubtree, filter, onlyOne, c.userAttributes()})
		r, answered := errors.AsType[resultError](err)
		switch {
		case answered && r.code == goldap.LDAPResultSizeLimitExceeded, !s.unanswered && len(found.Entries) > 1:
			return fmt.Errorf("%w: %q matches more than one entry", primary.Account, filter)
		case err != nil:
			return fmt.Errorf("%q below %q: %w", filter, c.BaseDN, err)
		case len(found.Entries) == 0:
			return fmt.Errorf("%w: %q matches no entry%s", primary.UnknownUser, filter, notFollowed(found.Referrals))
		case strings.TrimSpace(found.Entries[0].DN) == "":
			return fmt.Errorf("%w: %q matches an entry without a DN", primary.Account, filter)
		}
		user = found.Entries[0]
		return nil
	})
	return user, err
}

// notFollowed tells of the other servers that might have known.
func notFollowed(referrals []string) string {
	if len(referrals) == 0 {
		return ""
	}
	return fmt.Sprintf(", and the server's referrals, such as %.128q, are not followed", referrals[0])
}

// search asks one question. Aliases are not followed, and neither are
// referrals: both lead to names that base_dn does not vouch for. With an
// error, the entries that came before it are returned as well.
func (s *session) search(q question, controls ...goldap.Control) (*goldap.SearchResult, error) {
	request, err := searchRequest(q, s.backend.config.Timeout)
	if err == nil {
		s.unanswered = true
		err = s.send(request, controls...)
	}
	if err != nil {
		return &goldap.SearchResult{}, err
	}
	result, err := searchAnswers(s.wire, s.lastID)
	r, answered := errors.AsType[resultError](err)
	s.unanswered = err != nil && !answered
	if answered && r.code == goldap.LDAPResultReferral {
		err = fmt.Errorf("%w: referrals are not followed; name the server that holds the entries in ldap.urls", err)
	}
	return result, err
}

// searchAll asks for every entry, page by page where the server can (RFC 2696).
func (s *session) searchAll(q question) ([]*goldap.Entry, error) {
	var all []*goldap.Entry
	page := goldap.NewControlPaging(pageSize)
	for {
		result, err := s.search(q, page)
		if err != nil {
			return nil, err
		}
		all = append(all, result.Entries...)
		if len(all) > maxGroups {
			return nil, errTooManyEntries
		}
		answer, _ := goldap.FindControl(result.Controls, goldap.ControlTypePaging).(*goldap.ControlPaging)
		if answer == nil || len(answer.Cookie) == 0 {
			return all, nil
		}
		if len(result.Entries) == 0 {
			return nil, errors.New("the server sends empty pages")
		}
		page.SetCookie(answer.Cookie)
	}
}

// read returns one entry by its DN, or nil when there is none that the service
// account may see.
func (s *session) read(dn string, attributes ...string) (*goldap.Entry, error) {
	result, err := s.search(question{dn, goldap.ScopeBaseObject, "(objectClass=*)", 1, attributes})
	r, answered := errors.AsType[resultError](err)
	switch {
	case answered && r.code == goldap.LDAPResultNoSuchObject:
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("%q: %w", dn, err)
	case len(result.Entries) == 0:
		return nil, nil
	}
	return result.Entries[0], nil
}
