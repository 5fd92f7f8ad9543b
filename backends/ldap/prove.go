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
// takes a second bind (rebinding.go), so that what it answers on the one is worth as much
// as on the other, and final: it counts wrong passwords.
func (b *Backend) prove(ctx context.Context, e *endpoint, dn string, password secret.Text) error {
	leave, err := b.placeToBind(ctx, e)
	if err != nil {
		return err
	}
	p := &proof{backend: b, leave: leave}
	defer p.end()
	if p.session = b.binder(ctx, e, dn); p.session != nil {
		if err := p.ask(ctx, dn, password); !p.isLost(ctx, err) {
			return err
		}
	}
	if p.session, err = b.open(ctx, e); err != nil {
		return err
	}
	return p.ask(ctx, dn, password)
}

// binder is a connection that waits for a bind, or nil. It is none on which the same user
// was bound: there are no servers known that would not look at the password then, but the
// trial has not shown that this one does.
func (b *Backend) binder(ctx context.Context, e *endpoint, dn string) *session {
	if b.rebinding.shown(e.url) {
		return b.pool.binders.take(ctx, e.url, dn)
	}
	b.pool.binders.makeRoom()
	return nil
}

func (b *Backend) placeToBind(ctx context.Context, e *endpoint) (leave func(), err error) {
	if leave, err = b.pool.placeToBind(ctx); err != nil {
		return nil, fmt.Errorf("%s: waiting for other logins' binds: %w", e.url, err)
	}
	return leave, nil
}

// proof is a user's bind: its place, and its connection once there is one.
type proof struct {
	backend           *Backend
	leave             func()
	session           *session
	accepted, refused bool
}

func (p *proof) ask(ctx context.Context, dn string, password secret.Text) error {
	err := p.session.bindUser(ctx, dn, password)
	p.accepted, p.refused = err == nil, errors.Is(err, primary.ErrRefused)
	if p.accepted {
		p.session.users = append(p.session.users, dn)
	}
	return err
}

// isLost tells, of the outcome on a connection that was used before, whether nothing of an
// answer came and there is time for another. An answer that cannot be read is one: to ask
// again would count a wrong password twice. Whatever is no answer is the last that happens
// to the server's connections: no second bind is sent to it any more.
func (p *proof) isLost(ctx context.Context, err error) bool {
	_, answered := errors.AsType[resultError](err)
	if err == nil || answered || p.refused {
		return false
	}
	p.backend.dontRebind(p.session.server)
	if ctx.Err() != nil || p.session.wire.heard() && !errors.Is(err, errGoodbye) {
		return false
	}
	p.session.close()
	p.session = nil
	return true
}

// end leaves the connection to a later login, or closes it, and gives up the place, unless
// there is something to try first.
func (p *proof) end() {
	s, b, leave := p.session, p.backend, p.leave
	defer func() { leave() }()
	switch {
	case s == nil:
	case p.accepted && b.rebinding.shown(s.server):
		b.pool.binders.put(s)
	case p.accepted && b.mayTry(s) && b.rebinding.toTry(s.server):
		go b.tryRebinding(s, leave)
		leave = func() {}
	case p.refused && s.reused && b.mayTry(s):
		go b.tryAgain(s, leave)
		leave = func() {}
	default:
		s.close()
	}
}
