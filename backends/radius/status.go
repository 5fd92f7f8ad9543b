package radius

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"

	"layeh.com/radius"
	"layeh.com/radius/rfc2865"

	"ovpn-verify/backends/tlsclient"
	"ovpn-verify/verify/primary"
)

// probe asks a server that is down, in the background and by one packet, whether
// it is there: Status-Server (RFC 5997). Any answer made with the secret will
// do, also one without Message-Authenticator, which FreeRADIUS 3.2.1 leaves out
// here; it decides nothing but the order of the servers.
func (b *Backend) probe(server string) {
	if b.sign(context.Background(), server) == nil {
		b.health.answered(server)
	}
}

// Inspect asks every server for a sign of life. One that answers knows this host and
// the shared secret. Servers may be made not to answer Status-Server, and then still
// decide logins.
func (b *Backend) Inspect(ctx context.Context) []primary.Inspection {
	all := make([]primary.Inspection, len(b.servers))
	for i, server := range b.servers {
		all[i] = primary.Inspection{Server: server}
		if err := b.sign(ctx, server); err != nil {
			all[i].Err = fmt.Errorf("%s: Status-Server: %w", server, err)
			all[i].Mend = b.mend(err)
		}
	}
	return all
}

// errSilent is no answer, or none that can be believed. A server drops, without a
// word, what comes from a stranger or with another secret.
var errSilent = errors.New("is it up, does it know this host as a client, is the shared secret the same?")

func (b *Backend) mend(err error) string {
	if c, ok := errors.AsType[*tlsclient.CertificateError](err); ok {
		return c.Mend()
	}
	if errors.Is(err, errSilent) {
		return "printf '%s' 'THE SHARED SECRET' >" + b.cfg.SecretFile
	}
	return ""
}

// sign is nil when the server gave a sign of life within radius.timeout.
func (b *Backend) sign(ctx context.Context, server string) error {
	ctx, cancel := context.WithTimeout(ctx, b.cfg.Timeout)
	defer cancel()
	if link := b.links[server]; link != nil {
		return b.signTLS(ctx, link)
	}
	addresses, err := b.resolve(ctx, server)
	for _, at := range addresses {
		if err = b.signAt(ctx, at); err == nil {
			break
		}
	}
	return err
}

func (b *Backend) signAt(ctx context.Context, at netip.AddrPort) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "udp", at.String())
	if err != nil {
		return err
	}
	defer conn.Close()
	request, err := b.statusServer(newEnvelope(radius.CodeStatusServer, b.secret.Reveal(), nil))
	if err != nil {
		return err
	}
	e := exchange{backend: b, conn: conn, request: request}
	deadline, _ := ctx.Deadline()
	_, err = e.try(deadline)
	switch {
	case err == nil || !errors.Is(err, os.ErrDeadlineExceeded):
		return err
	case e.unbelieved != nil:
		return fmt.Errorf("no answer that can be believed, %w: %w", e.unbelieved, errSilent)
	}
	return fmt.Errorf("no answer in %v: %w", b.cfg.Timeout, errSilent)
}

// statusServer carries the Message-Authenticator that RFC 5997 section 3 requires.
func (b *Backend) statusServer(e envelope) ([]byte, error) {
	p := e.begin()
	if err := rfc2865.NASIdentifier_SetString(p, b.cfg.NASIdentifier); err != nil {
		return nil, err
	}
	return e.seal()
}
