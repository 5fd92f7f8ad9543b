package ldap

import (
	"context"
	"errors"
	"fmt"

	"ovpn-verify/verify/primary"
	"ovpn-verify/verify/secret"
)

// prove has the server check the password: on a connection on which other users' were
// checked, if one waits, or on a new one. None waits unless the server has shown that it
// takes a second bind (rebinding.go). What it answers there is final, as elsewhere: it
// counts wrong passwords. Whatever is no acceptance ends such connections for a while.
func (b *Backend) prove(ctx context.Context, e *endpoint, f *found, password secret.Text) error {
	leave, err := b.placeToBind(ctx, e)
	if err != nil {
		return err
	}
	p := &proof{backend: b, leave: leave}
	defer p.end()
	if p.take(b.binder(ctx, e, f.user), f) {
		err := p.session.bindUser(ctx, f.dn, password)
		if p.accepted = err == nil; p.accepted {
			return nil
		}
		b.stopRebinding(e.url)
		if !p.isLost(ctx, err) {
			return err
		}
		p.session.close()
	}
	s, err := b.open(ctx, e)
	if !p.take(s, f) {
		return err
	}
	err = p.session.bindUser(ctx, f.dn, password)
	p.accepted = err == nil
	return err
}

// binder is a connection that waits for a bind, or nil. It is none on which the same user
// was bound: there are no servers known that would not look at the password then, but the
// trial has not shown that this one does.
func (b *Backend) binder(ctx context.Context, e *endpoint, user string) *session {
	if b.rebinding.shown(e.url) {
		return b.pool.binders.take(ctx, e.url, user)
	}
	b.pool.binders.makeRoom()
	return nil
}

// userKey is the same for the same entry, as far as can be told.
func userKey(dn string) string {
	if key, err := canonicalDN(dn); err == nil {
		return key
	}
	return fold(dn)
}

func (b *Backend) placeToBind(ctx context.Context, e *endpoint) (leave func(), err error) {
	if leave, err = b.pool.placeToBind(ctx); err != nil {
		return nil, fmt.Errorf("%s: waiting for other logins' binds: %w", e.url, err)
	}
	return leave, nil
}

// proof is a user's bind: its place, and its connection once there is one.
type proof struct {
	backend  *Backend
	leave    func()
	session  *session
	accepted bool
}

// take takes the connection, if there is one, for the user's bind, whatever comes of it.
func (p *proof) take(s *session, f *found) bool {
	if p.session = s; s != nil {
		s.users = append(s.users, f.user)
	}
	return s != nil
}

// isLost tells, of the error on a connection that was used before, whether nothing of an
// answer came and there is time to ask anew. An answer that cannot be read is one: to ask
// again would count a wrong password twice.
func (p *proof) isLost(ctx context.Context, err error) bool {
	_, answered := errors.AsType[resultError](err)
	return !answered && !errors.Is(err, primary.ErrRefused) && ctx.Err() == nil &&
		(!p.session.wire.heard() || errors.Is(err, errGoodbye))
}

// end leaves the connection to a later login, or has the server tried with it, or closes
// it, and gives up the place.
func (p *proof) end() {
	s, b, leave := p.session, p.backend, p.leave
	defer func() { leave() }()
	switch {
	case s == nil:
	case p.accepted && b.rebinding.shown(s.server):
		b.pool.binders.put(s)
	case p.accepted && b.mayTry() && b.rebinding.toTry(s.server) && s.disarm():
		go b.tryRebinding(s, leave)
		leave = func() {}
	default:
		s.close()
	}
}
