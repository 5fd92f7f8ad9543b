package radius

import (
	"encoding/binary"
	"fmt"
	"slices"

	"layeh.com/radius"
	"layeh.com/radius/rfc2865"

	"ovpn-verify/verify/primary"
)

// services are the Service-Types of an accept that lets somebody into a VPN.
// RFC 2865 section 5.6 wants an accept for a service that is not to be had here
// to be read as a refusal. Servers in the field give a person one answer for
// every device, the Login or Administrative of switches included; what is left
// to refuse says that the user is to be called back, has proved nothing yet
// (Call Check), or is unknown.
var services = []rfc2865.ServiceType{
	rfc2865.ServiceType_Value_LoginUser,
	rfc2865.ServiceType_Value_FramedUser,
	rfc2865.ServiceType_Value_OutboundUser,
	rfc2865.ServiceType_Value_AdministrativeUser,
	rfc2865.ServiceType_Value_NASPromptUser,
	rfc2865.ServiceType_Value_AuthenticateOnly,
}

// checkService refuses an accept for another service, unless radius.attributes
// asks for that one; a malformed Service-Type decides nothing.
func (b *Backend) checkService(accept *radius.Packet) error {
	for _, text := range texts(accept, rfc2865.ServiceType_Type) {
		if len(text) != 4 {
			return fmt.Errorf("Access-Accept with a Service-Type of %d bytes", len(text))
		}
		asked := string(b.constants.Get(rfc2865.ServiceType_Type)) == text
		given := rfc2865.ServiceType(binary.BigEndian.Uint32([]byte(text)))
		if !asked && !slices.Contains(services, given) {
			return fmt.Errorf("Access-Accept for the Service-Type %d, which is not a VPN's: %w", given, primary.BadAnswer)
		}
	}
	return nil
}
