package radius

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"net"
	"time"

	"layeh.com/radius"

	"ovpn-verify/backends/radius/radsec"
	"ovpn-verify/backends/tlsclient"
	"ovpn-verify/verify/primary"
	"ovpn-verify/verify/secret"
)

// radsecSecret is no secret: RFC 6614 section 2.3 has everybody use it, and TLS
// do what it is for.
const radsecSecret = "radsec"

// idleTime is below the 30 s after which FreeRADIUS closes a connection as its
// configuration stands (sites-available/tls, idle_timeout), so that a request
// seldom crosses with the end of the connection.
const idleTime = 20 * time.Second

// addLinks prepares the servers that are asked over TLS.
func (b *Backend) addLinks() error {
	client, err := tlsclient.New(b.cfg.tls())
	if err != nil {
		return err
	}
	b.radsecSecret = secret.FromString(radsecSecret)
	if b.cfg.RadSecSecretFile != "" {
		if b.radsecSecret, err = secret.ReadFile(b.cfg.RadSecSecretFile); err != nil {
			return fmt.Errorf("radius.radsec_secret_file: %w", err)
		}
	}
	b.links = make(map[string]*radsec.Server)
	for _, server := range b.servers {
		if isRadSec(server) {
			b.links[server] = radsec.New(b.linkOptions(server, client))
		}
	}
	return nil
}

func (b *Backend) linkOptions(server string, client *tlsclient.Client) radsec.Options {
	return radsec.Options{
		Connect:    func(ctx context.Context) (*tls.Conn, error) { return connect(ctx, server, client) },
		Timeout:    b.cfg.Timeout,
		Patience:   time.Duration(b.cfg.Retries+1) * b.cfg.Timeout,
		Idle:       idleTime,
		KeepSilent: b.cfg.Push, // an answer may be in somebody's hand
		Status: func(slot radsec.Slot) ([]byte, error) {
			return b.statusServer(b.place(radius.CodeStatusServer, slot))
		},
		Believe: func(v radsec.Version, answer, header []byte) error {
			return b.believe(server, v, answer, header)
		},
	}
}

// connect tries a name's addresses one after the other.
func connect(ctx context.Context, server string, client *tlsclient.Client) (*tls.Conn, error) {
	hostPort, host := address(server)
	raw, err := (&net.Dialer{}).DialContext(ctx, "tcp", hostPort)
	if err != nil {
		return nil, err
	}
	conn, err := client.Handshake(ctx, raw, host)
	if err != nil {
		_ = raw.Close()
		return nil, err
	}
	return conn, nil
}

// exchangeTLS writes a request once, and again, where that is safe, when the
// connection was lost.
func (b *Backend) exchangeTLS(ctx context.Context, link *radsec.Server, req *primary.Request, c credential, round pending) (*radius.Packet, error) {
	answer, written, err := link.Exchange(ctx, radsec.Request{
		Encode: func(slot radsec.Slot) ([]byte, error) {
			return b.encode(b.place(radius.CodeAccessRequest, slot), req, c, round.state)
		},
		Repeatable: b.repeatable(round),
	})
	if err == nil {
		return radius.Parse(answer, nil)
	}
	if ctx.Err() != nil {
		err = fmt.Errorf("given up: %w", err)
	}
	if written {
		err = b.asked(err)
	}
	return nil, err
}

// repeatable tells whether nothing comes of the server having seen the request
// before: no push to a phone, no code that is good once, which a user may have
// typed behind the password, too, and no question that is answered, whether it
// had a State or not.
func (b *Backend) repeatable(round pending) bool {
	return !b.cfg.Push && !b.cfg.TakesCode() && !b.passwordsSpent && !round.answers()
}

// signTLS is sign for a server over TLS.
func (b *Backend) signTLS(ctx context.Context, link *radsec.Server) error {
	_, _, err := link.Exchange(ctx, radsec.Request{Encode: func(slot radsec.Slot) ([]byte, error) {
		return b.statusServer(b.place(radius.CodeStatusServer, slot))
	}})
	return err
}

// place is the envelope for a place on a connection. The header of RADIUS/1.1
// has zero for the Identifier, and the Token and twelve zero bytes where the
// Authenticator was (RFC 9765 section 4.1).
func (b *Backend) place(code radius.Code, slot radsec.Slot) envelope {
	if slot.Version == radsec.V11 {
		p := &radius.Packet{Code: code}
		binary.BigEndian.PutUint32(p.Authenticator[:], slot.ID)
		return envelope{packet: p, clear: true, local: slot.Local}
	}
	e := newEnvelope(code, b.radsecSecret.Reveal(), slot.Local)
	e.packet.Identifier = byte(slot.ID)
	return e
}

// believe checks an answer on a connection whose server TLS has verified, down
// to the same authenticators as over UDP. Under RADIUS/1.1 there are none, and
// TLS and the Token, by which the answer came here, are all (RFC 9765 section 4).
func (b *Backend) believe(server string, v radsec.Version, answer, header []byte) error {
	if v == radsec.V11 {
		return plausible(answer)
	}
	required := header[0] == byte(radius.CodeAccessRequest) && b.cfg.requiresMessageAuthenticator(server)
	_, err := authentic(answer, header, b.radsecSecret.Reveal(), required)
	if err == errNoMsgAuth && b.cfg.verified(server) {
		return fmt.Errorf("%w, or name it in radius.insecure_no_message_authenticator, as TLS protects its answers", err)
	}
	return err
}
