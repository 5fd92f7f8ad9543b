package ldap

import (
	"context"
	"errors"
	"fmt"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"

	"ovpn-verify/verify/primary"
)

// expandDN fills in the user's name, escaped (RFC 4514 section 2.4), so that
// it stays one value of the template's.
func expandDN(template, username string) string {
	return strings.ReplaceAll(template, placeUsername, goldap.EscapeDN(username))
}

// checkTemplate tells what is wrong with a bind_template.
func checkTemplate(template string) error {
	const name = "x0x"
	if !strings.Contains(template, placeUsername) {
		return errors.New("it does not contain {username}")
	}
	filled := strings.ReplaceAll(template, placeUsername, name)
	if strings.ContainsAny(filled, "{}") {
		return errors.New("nothing but {username} may stand in braces")
	}
	dn, err := goldap.ParseDN(filled)
	if err != nil {
		return err
	}
	for _, rdn := range dn.RDNs {
		for _, a := range rdn.Attributes {
			if strings.Contains(a.Type, name) {
				return errors.New("{username} must stand after a =")
			}
		}
	}
	return nil
}

// direct has the user prove the password first, as the entry that the template
// names, and then read that entry and its groups on the same connection. It
// ends with the login.
func (b *Backend) direct(ctx context.Context, e *endpoint, req *primary.Request) (*found, error) {
	leave, err := b.placeToBind(ctx, e)
	if err != nil {
		return nil, err
	}
	defer leave()
	s, err := b.open(ctx, e)
	if err != nil {
		return nil, err
	}
	defer s.close()
	dn := expandDN(b.config.BindTemplate, req.Username)
	if err := s.bindUser(ctx, dn, req.Password); err != nil {
		return nil, err
	}
	entry, err := s.readSelf(ctx, dn)
	if err != nil {
		return nil, err
	}
	return s.describe(ctx, entry)
}

// readSelf reads the entry that was just bound as. That it cannot be read is
// how the directory was set up, and no verdict on the user.
func (s *session) readSelf(ctx context.Context, dn string) (entry *goldap.Entry, err error) {
	err = s.step(ctx, "read user", func() error {
		entry, err = s.read(dn, s.backend.config.userAttributes()...)
		if err == nil && entry == nil {
			err = fmt.Errorf("%q may not read its own entry", dn)
		}
		return err
	})
	return entry, err
}
