package radius

import (
	"crypto/hmac"
	"crypto/md5"
	"net"
	"net/netip"
	"slices"

	"layeh.com/radius"
	"layeh.com/radius/rfc2865"
	"layeh.com/radius/rfc2866"
	"layeh.com/radius/rfc2869"
	"layeh.com/radius/rfc3162"

	"ovpn-verify/verify/primary"
)

// Offsets in a packet (RFC 2865 section 3), and of the value of an attribute
// that stands first.
const (
	headerLen    = 20
	authOffset   = 4
	authLen      = md5.Size
	firstValue   = headerLen + 2
	typeMsgAuth  = byte(rfc2869.MessageAuthenticator_Type)
	typeState    = rfc2865.State_Type
	typeReplyMsg = rfc2865.ReplyMessage_Type
)

// envelope is what an Access-Request or Status-Server is written into.
type envelope struct {
	packet *radius.Packet
	// clear is RADIUS/1.1: no attribute is obfuscated and there is no
	// Message-Authenticator (RFC 9765 section 5).
	clear bool
	local net.Addr // this end of the socket
}

// newEnvelope has a random Identifier and Request Authenticator from crypto/rand.
func newEnvelope(code radius.Code, secret []byte, local net.Addr) envelope {
	return envelope{packet: radius.New(code, secret), local: local}
}

// encode makes the Access-Request.
//
// Message-Authenticator stands first, so that nothing which an attacker can
// choose comes before it in the hashed text (draft-ietf-radext-deprecating-radius).
// Service-Type Framed with NAS-Port-Type Virtual is what strongSwan sends for
// its VPNs, and what policies on NPS and FreeRADIUS match; Authenticate-Only
// would tell the server to leave out the attributes of the session (RFC 2865
// section 5.6), and Framed-Protocol would make FreeRADIUS' stock "hints" take
// the user for a PPP caller. Acct-Session-Id is the id in our log lines.
func (b *Backend) encode(e envelope, req *primary.Request, c credential, state []byte) ([]byte, error) {
	p := e.begin()
	if err := rfc2865.UserName_SetString(p, req.Username); err != nil {
		return nil, err
	}
	if err := c.add(p, e.clear); err != nil {
		return nil, err
	}
	if err := rfc2865.NASIdentifier_SetString(p, b.cfg.NASIdentifier); err != nil {
		return nil, err
	}
	p.Attributes = append(p.Attributes, b.session(req, e.local)...)
	if len(state) > 0 {
		p.Add(typeState, state)
	}
	return e.seal()
}

// begin adds the Message-Authenticator, as the first attribute, still zero.
func (e envelope) begin() *radius.Packet {
	if !e.clear {
		e.packet.Add(rfc2869.MessageAuthenticator_Type, make(radius.Attribute, md5.Size))
	}
	return e.packet
}

// seal fills it in.
func (e envelope) seal() ([]byte, error) {
	wire, err := e.packet.MarshalBinary()
	if err != nil || e.clear {
		return wire, err
	}
	copy(wire[firstValue:], messageAuthenticator(wire, e.packet.Secret))
	return wire, nil
}

// session is what the request says beside the user's proof: what is known of
// this login, and radius.attributes, which also stand in place of ours.
func (b *Backend) session(req *primary.Request, local net.Addr) radius.Attributes {
	attrs := slices.Clone(b.constants)
	unlessSet := func(of radius.Type, value radius.Attribute) {
		if len(value) > 0 && !has(b.constants, of) {
			attrs.Add(of, value)
		}
	}
	unlessSet(rfc2865.NASPortType_Type, radius.NewInteger(uint32(rfc2865.NASPortType_Value_Virtual)))
	unlessSet(rfc2865.ServiceType_Type, radius.NewInteger(uint32(rfc2865.ServiceType_Value_FramedUser)))
	if of, ip := nasAddress(local); !has(b.constants, rfc2865.NASIPAddress_Type, rfc3162.NASIPv6Address_Type) {
		unlessSet(of, ip)
	}
	if req.ClientIP.IsValid() {
		attrs.Add(rfc2865.CallingStationID_Type, []byte(station(req.ClientIP)))
	}
	unlessSet(rfc2866.AcctSessionID_Type, []byte(req.LoginID))
	return attrs
}

// nasAddress is this end of the socket as NAS-IP-Address or NAS-IPv6-Address.
func nasAddress(local net.Addr) (radius.Type, radius.Attribute) {
	socket, ok := local.(interface{ AddrPort() netip.AddrPort }) // UDP or TCP
	if !ok {
		return 0, nil
	}
	ip := socket.AddrPort().Addr().Unmap()
	if ip.Is4() {
		return rfc2865.NASIPAddress_Type, ip.AsSlice()
	}
	return rfc3162.NASIPv6Address_Type, ip.AsSlice()
}

// station is the client's address as Calling-Station-Id: an IPv4 client that
// came in through an IPv6 socket is still an IPv4 client.
func station(ip netip.Addr) string { return ip.Unmap().WithZone("").String() }

// messageAuthenticator is HMAC-MD5 over a packet whose Message-Authenticator
// is zero and whose authenticator field is the request's (RFC 3579 section 3.2).
func messageAuthenticator(packet, secret []byte) []byte {
	mac := hmac.New(md5.New, secret)
	mac.Write(packet)
	return mac.Sum(nil)
}
