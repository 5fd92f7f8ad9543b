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

// encode makes the Access-Request, with a random Identifier and Request
// Authenticator from crypto/rand. local is this end of the socket.
//
// Message-Authenticator stands first, so that nothing which an attacker can
// choose comes before it in the hashed text (draft-ietf-radext-deprecating-radius).
// Service-Type Framed with NAS-Port-Type Virtual is what strongSwan sends for
// its VPNs, and what policies on NPS and FreeRADIUS match; Authenticate-Only
// would tell the server to leave out the attributes of the session (RFC 2865
// section 5.6), and Framed-Protocol would make FreeRADIUS' stock "hints" take
// the user for a PPP caller. Acct-Session-Id is the id in our log lines.
func (b *Backend) encode(req primary.Request, c credential, state []byte, local net.Addr) ([]byte, error) {
	p := radius.New(radius.CodeAccessRequest, b.secret.Reveal())
	p.Add(rfc2869.MessageAuthenticator_Type, make(radius.Attribute, md5.Size))
	if err := rfc2865.UserName_SetString(p, req.Username); err != nil {
		return nil, err
	}
	if err := c.add(p); err != nil {
		return nil, err
	}
	if err := rfc2865.NASIdentifier_SetString(p, b.cfg.NASIdentifier); err != nil {
		return nil, err
	}
	p.Attributes = append(p.Attributes, b.session(req, local)...)
	if len(state) > 0 {
		p.Add(typeState, state)
	}
	return b.sign(p)
}

// sign fills in the Message-Authenticator, which is the first attribute.
func (b *Backend) sign(p *radius.Packet) ([]byte, error) {
	wire, err := p.MarshalBinary()
	if err != nil {
		return nil, err
	}
	copy(wire[firstValue:], messageAuthenticator(wire, b.secret.Reveal()))
	return wire, nil
}

// session is what the request says beside the user's proof: what is known of
// this login, and radius.attributes, which also stand in place of ours.
func (b *Backend) session(req primary.Request, local net.Addr) radius.Attributes {
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
	udp, ok := local.(*net.UDPAddr)
	if !ok {
		return 0, nil
	}
	ip := udp.AddrPort().Addr().Unmap()
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
