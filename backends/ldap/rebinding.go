package ldap

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	goldap "github.com/go-ldap/ldap/v3"
)

// triedEvery is how long a server is sent no second bind, after it was tried, and after it
// gave one anything but an acceptance: a right password that it refuses over the connection,
// which no server is known to do that has passed, is one login in that time.
const triedEvery = time.Minute

// rebinding remembers which servers take a second bind on a connection. Any client may
// send one (RFC 4511 section 4.2.1), but there are proxies that answer it with
// invalidCredentials, as for a wrong password (privacyIDEA's), or by closing (Duo's). So a
// server is tried before a user's password is sent in one: with the service account's,
// which it knows to be right, on the connection of a user that it let in.
type rebinding struct {
	every time.Duration

	mu      sync.Mutex
	servers map[string]secondBind // by URL
}

func newRebinding() *rebinding {
	return &rebinding{every: triedEvery, servers: map[string]secondBind{}}
}

type secondBind struct {
	shown bool
	next  time.Time // when to try
}

func (r *rebinding) shown(url string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.servers[url].shown
}

// toTry tells one caller that it is time, and the others to wait for what he finds.
func (r *rebinding) toTry(url string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if b := r.servers[url]; b.shown || time.Now().Before(b.next) {
		return false
	}
	r.set(url, false)
	return true
}

// shows is for a server that was tried since, and passed, unless something has come
// between.
func (r *rebinding) shows(url string, since time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.servers[url].next.After(since.Add(r.every)) {
		r.set(url, true)
	}
}

// stop is for a server that did not accept.
func (r *rebinding) stop(url string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.set(url, false)
}

// set is with r.mu.
func (r *rebinding) set(url string, shown bool) {
	r.servers[url] = secondBind{shown: shown, next: time.Now().Add(r.every)}
}

func (b *Backend) stopRebinding(url string) {
	b.rebinding.stop(url)
	b.pool.binders.drop(url)
}

// mayTry tells whether there is a service account, and a place beside those that logins
// need.
func (b *Backend) mayTry() bool {
	signsIn := b.config.BindDN != "" || b.config.BindExternal
	return signsIn && 2*len(b.pool.binding) <= cap(b.pool.binding)
}

// tryRebinding is in the background, as no login waits for it, and none ends when the
// library panics over an answer. The connection is no login's any more.
func (b *Backend) tryRebinding(s *session, leave func()) {
	defer leave()
	defer func() {
		if recover() != nil {
			s.abandon()
		}
	}()
	began := time.Now()
	ctx, cancel := b.withTimeout(context.Background(), b.config.Timeout)
	defer cancel()
	s.follow(ctx)
	if err := s.rebind(ctx); err != nil {
		s.close()
		return
	}
	b.rebinding.shows(s.server, began)
	b.pool.binders.put(s)
}

// rebind binds as the service account where a user is bound, and once more where that is.
// That it succeeds is not enough: a server that has somebody bound might agree to whatever
// follows. Whom it takes us for has to change with it.
func (s *session) rebind(ctx context.Context) error {
	user, err := s.whoAmI()
	if err != nil {
		return err
	}
	if err := s.bindService(ctx); err != nil {
		return err
	}
	account, err := s.whoAmI()
	if err != nil {
		return err
	}
	if account == user {
		return errors.New("the second bind changed nothing")
	}
	s.users = append(s.users, userKey(s.backend.config.BindDN), userKey(strings.TrimPrefix(account, "dn:")))
	return s.bindService(ctx)
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
