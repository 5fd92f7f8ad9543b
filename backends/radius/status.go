package radius

import (
	"context"
	"net"
	"net/netip"

	"layeh.com/radius"
	"layeh.com/radius/rfc2865"
)

// probe asks a server that is down, in the background and by one packet, whether
// it is there: Status-Server (RFC 5997). Any answer made with the secret will
// do, also one without Message-Authenticator, which FreeRADIUS 3.2.1 leaves out
// here; it decides nothing but the order of the servers.
func (b *Backend) probe(server string) {
	if link := b.links[server]; link != nil {
		if b.probeTLS(link) {
			b.health.answered(server)
		}
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), b.cfg.Timeout)
	defer cancel()
	addresses, err := b.resolve(ctx, server)
	if err != nil {
		return
	}
	for _, at := range addresses {
		if b.probeAt(ctx, at) {
			b.health.answered(server)
			return
		}
	}
}

func (b *Backend) probeAt(ctx context.Context, at netip.AddrPort) bool {
	conn, err := (&net.Dialer{}).DialContext(ctx, "udp", at.String())
	if err != nil {
		return false
	}
	defer conn.Close()
	request, err := b.statusServer(newEnvelope(radius.CodeStatusServer, b.secret.Reveal(), nil))
	if err != nil {
		return false
	}
	e := exchange{backend: b, conn: conn, request: request}
	deadline, _ := ctx.Deadline()
	_, err = e.try(deadline)
	return err == nil
}

// statusServer carries the Message-Authenticator that RFC 5997 section 3 requires.
func (b *Backend) statusServer(e envelope) ([]byte, error) {
	p := e.begin()
	if err := rfc2865.NASIdentifier_SetString(p, b.cfg.NASIdentifier); err != nil {
		return nil, err
	}
	return e.seal()
}
