package radius

import (
	"crypto/hmac"
	"crypto/md5"
	"net"
	"net/netip"

	"layeh.com/radius"
	"layeh.com/radius/rfc2865"
	"layeh.com/radius/rfc2869"

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
// the user for a PPP caller.
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
	p.Add(rfc2865.NASPortType_Type, radius.NewInteger(uint32(rfc2865.NASPortType_Value_Virtual)))
	p.Add(rfc2865.ServiceType_Type, radius.NewInteger(uint32(rfc2865.ServiceType_Value_FramedUser)))
	if udp, ok := local.(*net.UDPAddr); ok {
		if ip := udp.AddrPort().Addr().Unmap(); ip.Is4() {
			p.Add(rfc2865.NASIPAddress_Type, ip.AsSlice())
		}
	}
	if req.ClientIP.IsValid() {
		p.Add(rfc2865.CallingStationID_Type, []byte(station(req.ClientIP)))
	}
	if len(state) > 0 {
		p.Add(typeState, state)
	}
	wire, err := p.MarshalBinary()
	if err != nil {
		return nil, err
	}
	copy(wire[firstValue:], messageAuthenticator(wire, b.secret.Reveal()))
	return wire, nil
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
