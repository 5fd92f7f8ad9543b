package radius

import (
	"context"
	"fmt"
	"time"

	"layeh.com/radius"

	"ovpn-verify/verify/primary"
	"ovpn-verify/verify/trace"
)

// fairWait is after how long a server may be called silent, though it had less
// than a whole try.
const fairWait = 2 * time.Second

// ask puts one question to one server, the first of so many that are left.
// round is what an earlier question left: the State attribute to return, none
// when empty, and the secrets that it has seen.
func (b *Backend) ask(ctx context.Context, server string, req *primary.Request, round pending, left int) (id primary.Identity, err error) {
	end := trace.Start(ctx, "Access-Request", server)
	defer func() { end(err) }()
	if b.cfg.Push {
		left = 1 // the user needs the time, and no other server gets it
	}
	part, cancel := share(ctx, left)
	defer cancel()
	began, credential := time.Now(), b.newCredential(req)
	answer, err := b.exchange(part, server, req, credential, round)
	switch {
	case err == nil:
		b.health.answered(server)
	case len(b.servers) == 1 || ctx.Err() != nil || decided(err):
	case part.Err() != nil && time.Since(began) < min(b.cfg.Timeout, fairWait):
		// A login that came late gave the server no chance.
	case b.health.silent(server, time.Now()):
		go b.probe(server)
	}
	if err == nil && answer.Code == radius.CodeAccessAccept {
		err = credential.confirm(answer)
	}
	if err != nil {
		return primary.Identity{}, fmt.Errorf("radius: server %s: %w", server, err)
	}
	id, err = b.decide(answer, server, req, round.secrets)
	if err != nil && !decided(err) {
		err = b.asked(err)
	}
	return id, err
}

// asked marks the outage of a server that may have received the request, so
// that its push to the user's phone does not become two: neither is another
// server asked, nor does the client try again by itself.
func (b *Backend) asked(err error) error {
	if !b.cfg.Push {
		return err
	}
	return &primary.OnceError{Err: fmt.Errorf("%w; no other server is asked, because this one may have asked the user (radius.push)", err)}
}

// Pushes tells whether checking a password may ring the user's phone.
func (b *Backend) Pushes() bool { return b.cfg.Push }

// share is a server's part of the time that a login has left, a tenth of which
// is for what comes afterwards: the servers behind it get as much.
func share(ctx context.Context, servers int) (context.Context, context.CancelFunc) {
	deadline, bounded := ctx.Deadline()
	if !bounded {
		return ctx, func() {}
	}
	part := time.Until(deadline) * 9 / 10 / time.Duration(servers)
	return context.WithTimeout(ctx, part)
}
