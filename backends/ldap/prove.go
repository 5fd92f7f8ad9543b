package ldap

import (
	"context"
	"errors"
	"fmt"

	goldap "github.com/go-ldap/ldap/v3"

	"ovpn-verify/verify/primary"
	"ovpn-verify/verify/secret"
)

// prove has the server check the password. To bind again on the same connection is any
// client's right (RFC 4511 section 4.2.1), and spares connecting and the handshake of
// TLS. A connection that was used before and fails was most likely dropped by the server
// meanwhile, or it is a server that does not allow that: it is replaced, by a new one. A
// password that is wrong is not asked about again, since the directory counts it.
func (b *Backend) prove(ctx context.Context, e *endpoint, dn string, password secret.Text) error {
	leave, err := b.placeToBind(ctx, e)
	if err != nil {
		return err
	}
	defer leave()
	if s := b.pool.binders.take(ctx, e.url); s != nil {
		err := b.proveOn(ctx, s, dn, password)
		if isVerdict(err) || ctx.Err() != nil {
			return err
		}
		b.pool.binders.drop(e.url)
	}
	s, err := b.open(ctx, e)
	if err != nil {
		return err
	}
	return b.proveOn(ctx, s, dn, password)
}

// proveOn leaves the connection to the next login, or closes it.
func (b *Backend) proveOn(ctx context.Context, s *session, dn string, password secret.Text) (err error) {
	answered := false
	defer func() {
		if answered {
			b.pool.binders.put(s)
		} else {
			s.close()
		}
	}()
	err = s.bindUser(ctx, dn, password)
	answered = isVerdict(err)
	return err
}

// isVerdict tells whether the password was found right or wrong, for which no
// connection can be to blame: other refusals may be of a second bind.
func isVerdict(err error) bool {
	r, says := errors.AsType[resultError](err)
	return err == nil || says && r.code == goldap.LDAPResultInvalidCredentials || !says && errors.Is(err, primary.ErrRefused)
}

func (b *Backend) placeToBind(ctx context.Context, e *endpoint) (leave func(), err error) {
	if leave, err = b.pool.placeToBind(ctx); err != nil {
		return nil, fmt.Errorf("%s: waiting for other logins' binds: %w", e.url, err)
	}
	return leave, nil
}
