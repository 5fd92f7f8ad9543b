package ldap

import (
	"context"
	"errors"
	"sync"

	ber "github.com/go-asn1-ber/asn1-ber"
	goldap "github.com/go-ldap/ldap/v3"
)

// rebinding remembers which servers take a second bind on a connection. Any client may
// send one (RFC 4511 section 4.2.1), but there are proxies that answer it with
// invalidCredentials, as for a wrong password (privacyIDEA's), or by closing (Duo's). So a
// server is tried before a user's password is sent in one: with the service account's,
// which it knows to be right, on the connection of the first user that it lets in.
type rebinding struct {
	mu    sync.Mutex
	tried map[string]bool // by URL: whether it does
}

func (r *rebinding) shown(url string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.tried[url]
}

// toTry is true once for each server. A failure counts for as long as the worker runs:
// each user's bind has a connection of its own then.
func (r *rebinding) toTry(url string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, tried := r.tried[url]; tried {
		return false
	}
	if r.tried == nil {
		r.tried = map[string]bool{}
	}
	r.tried[url] = false
	return true
}

// forget has a server tried anew: it has closed connections, and may be another one when
// it is back.
func (r *rebinding) forget(url string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.tried[url] {
		delete(r.tried, url)
	}
}

// found is for a server that was tried.
func (r *rebinding) found(url string, takes bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tried[url] = takes
}

// dontRebind is for a server that did not do as it should.
func (b *Backend) dontRebind(url string) {
	b.rebinding.found(url, false)
	b.pool.binders.drop(url)
}

// mayTry tells whether there is a service account, and a place beside those that logins
// need. The connection is no login's any more then.
func (b *Backend) mayTry(s *session) bool {
	signsIn := b.config.BindDN != "" || b.config.BindExternal
	return signsIn && 2*len(b.pool.binding) <= cap(b.pool.binding) && s.disarm()
}

// tryRebinding finds out whether the server takes a second bind.
func (b *Backend) tryRebinding(s *session, leave func()) {
	b.behindLogins(s, leave, func(ctx context.Context) error {
		err := s.rebind(ctx)
		if err == nil {
			b.rebinding.found(s.server, true)
		}
		return err
	})
}

// tryAgain is for a connection on which a user was refused. Was it for the password? What
// stands behind the server's name may be another one by now, and another may be behind it
// beside this one.
func (b *Backend) tryAgain(s *session, leave func()) { b.behindLogins(s, leave, s.bindService) }

// behindLogins does it in the background, as no login waits for it, and none ends when
// the library panics over an answer.
func (b *Backend) behindLogins(s *session, leave func(), try func(context.Context) error) {
	defer leave()
	defer func() {
		if recover() != nil {
			b.dontRebind(s.server)
			s.abandon()
		}
	}()
	ctx, cancel := b.withTimeout(context.Background(), b.config.Timeout)
	defer cancel()
	s.follow(ctx)
	if try(ctx) != nil {
		b.dontRebind(s.server)
		s.close()
		return
	}
	b.pool.binders.put(s)
}

// rebind binds as the service account where a user is bound. That it succeeds is not
// enough: a server that has somebody bound might agree to whatever follows. Whom it takes
// us for has to change with it.
func (s *session) rebind(ctx context.Context) error {
	user, err := s.whoAmI()
	if err != nil {
		return err
	}
	if err := s.bindService(ctx); err != nil {
		return err
	}
	account, err := s.whoAmI()
	if err == nil && account == user {
		err = errors.New("the second bind changed nothing")
	}
	return err
}

// whoAmI asks whom the server takes us for: an authorization identity, in the server's
// own form, which is empty for somebody anonymous (RFC 4532 section 2.2), an error here.
func (s *session) whoAmI() (string, error) {
	if err := s.send(extendedRequest(oidWhoAmI)); err != nil {
		return "", err
	}
	answer, err := s.answer()
	if err != nil {
		return "", err
	}
	if err := checkSuccess(answer, goldap.ApplicationExtendedResponse); err != nil {
		return "", err
	}
	who := responseValue(answer)
	if who == "" {
		return "", errors.New("nobody is bound")
	}
	return who, nil
}

// responseValue is that of an extended response, RFC 4511 section 4.12.
func responseValue(answer *ber.Packet) string {
	const tag ber.Tag = 11
	for _, part := range answer.Children[1].Children {
		if part.ClassType == ber.ClassContext && part.TagType == ber.TypePrimitive && part.Tag == tag {
			return part.Data.String()
		}
	}
	return ""
}
