package ldap

import (
	"context"
	"errors"
	"fmt"

	"ovpn-verify/verify/primary"
	"ovpn-verify/verify/secret"
)

// prove has the server check the password: on a connection on which it was asked
// before, if one waits, or on a new one. None waits unless the server has shown that it
// takes a second bind (rebinding.go), so that what it answers on the one is worth as much
// as on the other, and final: it counts wrong passwords. Only a connection that breaks
// before the answer is replaced, and then the server is sent no second bind any more.
func (b *Backend) prove(ctx context.Context, e *endpoint, dn string, password secret.Text) error {
	leave, err := b.placeToBind(ctx, e)
	if err != nil {
		return err
	}
	p := &proof{backend: b, leave: leave}
	defer p.end()
	if p.session = b.pool.binders.take(ctx, e.url); p.session != nil {
		err := p.session.bindUser(ctx, dn, password)
		if !broke(ctx, err) {
			p.accepted = err == nil
			return err
		}
		p.session.close()
		b.rebinding.found(e.url, false)
		b.pool.binders.drop(e.url)
	}
	if p.session, err = b.open(ctx, e); err != nil {
		return err
	}
	err = p.session.bindUser(ctx, dn, password)
	p.accepted = err == nil
	return err
}

// broke tells of the error of a step that there was no answer, and is time for another.
func broke(ctx context.Context, err error) bool {
	_, answered := errors.AsType[resultError](err)
	return err != nil && !answered && !errors.Is(err, primary.ErrRefused) && ctx.Err() == nil
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

// end leaves the connection to a later login, or closes it. One whose user was not let
// in is closed: whoever tries passwords gets as many as he connects for.
func (p *proof) end() {
	s, b := p.session, p.backend
	switch {
	case s == nil:
	case p.accepted && b.rebinding.shown(s.server):
		b.pool.binders.put(s)
	case p.accepted && b.signsIn() && s.disarm() && b.rebinding.toTry(s.server):
		go b.tryRebinding(s, p.leave)
		return
	default:
		s.close()
	}
	p.leave()
}
