package radius

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"syscall"
	"time"

	"layeh.com/radius"

	"ovpn-verify/verify/primary"
)

// exchange asks one server. An error that is an outage says where it may have
// asked the user.
func (b *Backend) exchange(ctx context.Context, server string, req *primary.Request, c credential, round pending) (*radius.Packet, error) {
	if link := b.links[server]; link != nil {
		return b.exchangeTLS(ctx, link, req, c, round)
	}
	return b.exchangeUDP(ctx, server, req, c, round.state)
}

// exchangeUDP asks at the server's first address, and at the next ones as long
// as the network says that nobody is there.
func (b *Backend) exchangeUDP(ctx context.Context, server string, req *primary.Request, c credential, state []byte) (*radius.Packet, error) {
	addresses, err := b.resolve(ctx, server)
	if err != nil {
		return nil, err
	}
	var answer *radius.Packet
	for _, at := range addresses {
		var received bool
		answer, received, err = b.exchangeAt(ctx, server, at, req, c, state)
		if received && err != nil {
			err = b.asked(err)
		}
		if err == nil || received || ctx.Err() != nil {
			break
		}
	}
	return answer, err
}

// exchangeAt sends one Access-Request, again and again until it is answered or
// the tries are used up. The socket is connected, so the kernel drops what comes
// from any other address, and it is new for each request, so its port is random.
// received tells, with an error, whether the server may have got the request.
func (b *Backend) exchangeAt(ctx context.Context, server string, at netip.AddrPort, req *primary.Request, c credential, state []byte) (answer *radius.Packet, received bool, err error) {
	// Without a handshake there is nothing at which dialling would look at ctx.
	if err := ctx.Err(); err != nil {
		return nil, false, fmt.Errorf("given up: %w", err)
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "udp", at.String())
	if err != nil {
		return nil, false, err
	}
	defer conn.Close()
	// Close and not a deadline: the loop below sets deadlines of its own, and
	// one that came after this one would undo it.
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	wire, err := b.encode(newEnvelope(radius.CodeAccessRequest, b.secret.Reveal(), conn.LocalAddr()), req, c, state)
	if err != nil {
		return nil, false, fmt.Errorf("encode: %w", err)
	}
	e := exchange{backend: b, conn: conn, request: wire, requireMsgAuth: b.cfg.requiresMessageAuthenticator(server)}
	answer, err = e.run()
	switch {
	case err == nil:
		return answer, true, nil
	case ctx.Err() != nil && e.unbelieved != nil:
		err = fmt.Errorf("given up: %w: %w", ctx.Err(), e.unbelieved)
	case ctx.Err() != nil:
		err = fmt.Errorf("given up: %w", ctx.Err())
	}
	return nil, e.received(err), err
}

// received tells whether the server may have got the request. It did not, for
// certain, when nothing was sent, or when the network said of the one packet
// that it could not be delivered.
func (e *exchange) received(err error) bool {
	_, undelivered := errors.AsType[syscall.Errno](err)
	return e.sent > 1 || e.ours || e.sent == 1 && !undelivered
}

// resolve is every address of a server over UDP, the better first (RFC 6724).
// It takes no longer than one try.
func (b *Backend) resolve(ctx context.Context, server string) ([]netip.AddrPort, error) {
	ctx, cancel := context.WithTimeout(ctx, b.cfg.Timeout)
	defer cancel()
	host, port, err := net.SplitHostPort(server)
	if err != nil {
		return nil, err
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, err
	}
	ips, err := b.lookUp(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	addresses := make([]netip.AddrPort, len(ips))
	for i, ip := range ips {
		addresses[i] = netip.AddrPortFrom(ip.Unmap(), uint16(number))
	}
	return addresses, nil
}

// exchange is one request on its socket.
type exchange struct {
	backend *Backend
	conn    net.Conn
	request []byte
	// requireMsgAuth: an answer without Message-Authenticator does not count.
	requireMsgAuth bool
	sent           int   // packets
	unbelieved     error // why the last answer that came does not count
	ours           bool  // whether one of those had the request's Identifier
}

// run makes the tries. An answer that cannot be believed never decides and
// never ends a try, or else whoever slips in one packet could stop logins; the
// right answer still has the rest of the try to arrive. But no further try is
// made at this server: if the packet is its own doing, as with a server that
// sends no Message-Authenticator, it would do the same again, and each login
// would take the whole (1+retries) * timeout.
//
// An ICMP error (port unreachable: nothing listens there) ends it at once, so
// that a stopped server costs no login any time. Forging one takes our port, and
// wins an outage that flooding the server would win as well.
func (e *exchange) run() (*radius.Packet, error) {
	timeout, tries := e.backend.cfg.Timeout, 0
	for tries <= e.backend.cfg.Retries && !e.ours {
		tries++
		answer, err := e.try(time.Now().Add(timeout))
		if err == nil || !errors.Is(err, os.ErrDeadlineExceeded) {
			return answer, err
		}
	}
	if e.unbelieved != nil {
		return nil, fmt.Errorf("no answer that can be believed in %d × %v: %w", tries, timeout, e.unbelieved)
	}
	// A server drops, without a word, what comes from a stranger or with another secret.
	return nil, fmt.Errorf("no answer in %d × %v: is it up, does it know this host as a client, is the shared secret the same?", tries, timeout)
}

// try sends the packet once and reads until something can be believed.
func (e *exchange) try(deadline time.Time) (*radius.Packet, error) {
	if err := e.conn.SetDeadline(deadline); err != nil {
		return nil, err
	}
	if _, err := e.conn.Write(e.request); err != nil {
		return nil, err
	}
	e.sent++
	buf := make([]byte, radius.MaxPacketLength)
	for {
		n, err := e.conn.Read(buf)
		if err != nil {
			return nil, err
		}
		answer, err := authentic(buf[:n], e.request, e.backend.secret.Reveal(), e.requireMsgAuth)
		if err == nil {
			return radius.Parse(answer, nil)
		}
		e.unbelieved = err
		e.ours = e.ours || !errors.Is(err, errNotForUs)
	}
}
