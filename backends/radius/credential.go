package radius

import (
	"bytes"
	"crypto/md5"
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"

	"layeh.com/radius"
	"layeh.com/radius/rfc2865"

	"ovpn-verify/backends/radius/mschap"
	"ovpn-verify/verify/primary"
)

// The ways in which a password travels, radius.protocol.
const (
	protocolPAP    = "pap"
	protocolCHAP   = "chap"
	protocolMSCHAP = "mschapv2"
)

// maxUserPassword is what User-Password can carry (RFC 2865 section 5.2).
const maxUserPassword = 128

// credential is a password, or the answer to a challenge, on its way to a
// server, in one request.
type credential interface {
	// add puts it into a request, new challenges included. clear is RADIUS/1.1.
	// There is an error for what checkFields refuses.
	add(p *radius.Packet, clear bool) error
	// confirm checks what an Access-Accept has to prove in turn; its error refuses.
	confirm(accept *radius.Packet) error
}

// newCredential draws new challenges. The password is never empty.
func (b *Backend) newCredential(req *primary.Request) credential {
	password := b.cfg.composed(req)
	switch b.cfg.Protocol {
	case protocolCHAP:
		return chap(password)
	case protocolMSCHAP:
		return &msCHAP{username: req.Username, password: password}
	default:
		return pap(password)
	}
}

// pap sends the password itself, hidden under the shared secret, or under TLS
// alone (RFC 9765 section 5.1.1).
type pap []byte

func (password pap) add(p *radius.Packet, clear bool) error {
	if clear {
		p.Add(rfc2865.UserPassword_Type, radius.Attribute(password))
		return nil
	}
	return rfc2865.UserPassword_Set(p, password)
}

func (pap) confirm(*radius.Packet) error { return nil }

// chap sends MD5(Identifier+password+challenge) (RFC 2865 section 5.3, RFC 1994
// section 4.1). The challenge is an attribute of its own and not the Request
// Authenticator: that one the server would have to remember for us.
type chap []byte

func (password chap) add(p *radius.Packet, _ bool) error {
	var random [1 + md5.Size]byte
	_, _ = rand.Read(random[:]) // never fails; it ends the process instead
	identifier, challenge := random[0], random[1:]
	hash := md5.New()
	hash.Write([]byte{identifier})
	hash.Write(password)
	hash.Write(challenge)
	p.Add(rfc2865.CHAPPassword_Type, hash.Sum([]byte{identifier}))
	p.Add(rfc2865.CHAPChallenge_Type, challenge)
	return nil
}

func (chap) confirm(*radius.Packet) error { return nil }

// msCHAP is MS-CHAPv2 (RFC 2548 section 2.3, RFC 2759).
type msCHAP struct {
	username   string
	password   []byte
	identifier byte
	expected   [mschap.AuthenticatorLen]byte // from a server that knows the password
}

func (c *msCHAP) add(p *radius.Packet, _ bool) error {
	var random [1 + 2*mschap.ChallengeLen]byte
	_, _ = rand.Read(random[:])
	c.identifier = random[0]
	authenticator, peer := [mschap.ChallengeLen]byte(random[1:]), [mschap.ChallengeLen]byte(random[1+mschap.ChallengeLen:])
	exchange, err := mschap.New(authenticator, peer, c.username, c.password)
	if err != nil {
		return err
	}
	response := exchange.NTResponse()
	c.expected = exchange.AuthenticatorResponse(response)
	// RFC 2548 section 2.3.2: Ident, Flags (zero), Peer-Challenge, 8 bytes reserved, Response.
	value := append([]byte{c.identifier, 0}, peer[:]...)
	value = append(value, make([]byte, 8)...)
	value = append(value, response[:]...)
	addMicrosoft(p, msCHAPChallenge, authenticator[:])
	addMicrosoft(p, msCHAP2Response, value)
	return nil
}

// confirm wants exactly one MS-CHAP2-Success (RFC 2548 section 2.3.3): the
// Ident and "S=" with 40 hexadecimal digits, behind which some servers write a
// message. A server that accepts without it has not compared the password, or
// does not know it, and RFC 2759 section 5 has us hang up: the login is
// refused. That gives a server nothing that an Access-Reject would not.
func (c *msCHAP) confirm(accept *radius.Packet) error {
	values := microsoft(accept, msCHAP2Success)
	if len(values) != 1 {
		return fmt.Errorf("Access-Accept with %d MS-CHAP2-Success in place of one: %w", len(values), primary.BadAnswer)
	}
	got, err := authenticatorResponse(values[0])
	if err != nil {
		return fmt.Errorf("Access-Accept: %w: %w", err, primary.BadAnswer)
	}
	if values[0][0] != c.identifier || subtle.ConstantTimeCompare(got, c.expected[:]) != 1 {
		return fmt.Errorf("Access-Accept whose MS-CHAP2-Success does not prove the password: %w", primary.BadAnswer)
	}
	return nil
}

// authenticatorResponse takes the 20 bytes out of an MS-CHAP2-Success.
func authenticatorResponse(value []byte) ([]byte, error) {
	const digits = 2 * mschap.AuthenticatorLen
	malformed := errors.New("malformed MS-CHAP2-Success")
	if len(value) < 1+2+digits || !bytes.HasPrefix(value[1:], []byte("S=")) {
		return nil, malformed
	}
	text, rest := value[3:3+digits], value[3+digits:]
	if len(rest) > 0 && rest[0] != ' ' {
		return nil, malformed
	}
	got, err := hex.DecodeString(string(text))
	if err != nil {
		return nil, malformed
	}
	return got, nil
}
