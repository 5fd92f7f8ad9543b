package ldap

import (
	"context"
	"errors"
	"fmt"

	goldap "github.com/go-ldap/ldap/v3"

	"ovpn-verify/verify/primary"
)

// found is what the directory knows of a user before the password is tried.
type found struct {
	dn       string
	user     string // userKey of it, which takes a deep stack
	entry    *goldap.Entry
	identity primary.Identity
}

// searcher returns a connection that may search: one that an earlier login
// left, or a new one.
func (b *Backend) searcher(ctx context.Context, e *endpoint) (*session, error) {
	if s := b.pool.searchers.take(ctx, e.url, ""); s != nil {
		return s, nil
	}
	return b.newSearcher(ctx, e)
}

func (b *Backend) newSearcher(ctx context.Context, e *endpoint) (*session, error) {
	s, err := b.open(ctx, e)
	if err != nil {
		return nil, err
	}
	if err := s.bindService(ctx); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// lookUp finds the user. A connection that was used before and fails was most
// likely dropped by the server meanwhile: it is replaced, by a new one.
func (b *Backend) lookUp(ctx context.Context, e *endpoint, username string) (*found, error) {
	return apart(func() (*found, error) { return b.find(ctx, e, username) })
}

func (b *Backend) find(ctx context.Context, e *endpoint, username string) (*found, error) {
	leave, _, err := b.pool.searching.Take(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: waiting for other logins' searches: %w", e.url, err)
	}
	defer leave()
	s, err := b.searcher(ctx, e)
	if err != nil {
		return nil, err
	}
	f, err := s.look(ctx, username)
	if err != nil && s.reused && ctx.Err() == nil && !errors.Is(err, primary.ErrRefused) {
		s.close()
		b.pool.searchers.drop(e.url)
		if s, err = b.newSearcher(ctx, e); err != nil {
			return nil, err
		}
		f, err = s.look(ctx, username)
	}
	if err == nil {
		f.user = userKey(f.dn)
	}
	if err == nil || errors.Is(err, primary.ErrRefused) {
		b.pool.searchers.put(s)
	} else {
		s.close()
	}
	return f, err
}

func (s *session) look(ctx context.Context, username string) (*found, error) {
	entry, err := s.findUser(ctx, username)
	if err != nil {
		return nil, err
	}
	return s.describe(ctx, entry)
}

// describe reads who the entry is and which groups it is in.
func (s *session) describe(ctx context.Context, entry *goldap.Entry) (*found, error) {
	id, err := identify(entry, s.backend.config.UsernameAttribute)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.server, err)
	}
	if id.Groups, err = s.groups(ctx, entry, id.Name); err != nil {
		return nil, err
	}
	return &found{dn: entry.DN, entry: entry, identity: id}, nil
}
