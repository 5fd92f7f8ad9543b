package radius

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"layeh.com/radius"
	"layeh.com/radius/rfc2865"

	"ovpn-verify/verify/primary"
)

// notAddresses are the values of Framed-IP-Address by which the server leaves
// the choice to the user or to us (RFC 2865 section 5.8).
var notAddresses = []string{"255.255.255.255", "255.255.255.254"}

// identity is the account in an Access-Accept.
//
// The server may name it in User-Name (RFC 2865 section 5.1), but behind a
// proxy those words come from whichever home server the user's realm leads to,
// and some servers name everybody "anonymous". Second factors and limits hang
// on the name, so a server may only correct its upper and lower case; any other
// User-Name is left to the attributes, and the name stays as it was typed.
// What an absent User-Name means for "Ada" and "ada" nobody knows but the
// server: whoever keys something by the name has to fold it.
func identity(accept *radius.Packet, typed string) (primary.Identity, error) {
	id := primary.Identity{Name: typed, Attributes: make(map[string][]string)}
	if err := fixedAttributes(accept, id.Attributes); err != nil {
		return primary.Identity{}, err
	}
	for _, class := range texts(accept, rfc2865.Class_Type) {
		id.Attributes["Class"] = append(id.Attributes["Class"], hex.EncodeToString([]byte(class)))
	}
	for name, of := range map[string]radius.Type{"Filter-Id": rfc2865.FilterID_Type, "User-Name": rfc2865.UserName_Type} {
		values := texts(accept, of)
		values = slices.DeleteFunc(values, func(s string) bool { return s == "" || !printable(s) })
		if len(values) > 0 {
			id.Attributes[name] = values
		}
	}
	if message := clean(replyMessage(accept)); message != "" {
		id.Attributes["Reply-Message"] = []string{message}
	}
	names := id.Attributes["User-Name"]
	if len(names) == 1 && strings.EqualFold(names[0], typed) {
		id.Name = names[0]
	}
	return id, nil
}

// fixedAttributes reads those of four bytes. One that cannot be read voids the
// answer (RFC 2865 section 5): to go on would give a session without its limit.
func fixedAttributes(accept *radius.Packet, into map[string][]string) error {
	for _, text := range texts(accept, rfc2865.FramedIPAddress_Type) {
		ip, ok := netip.AddrFromSlice([]byte(text))
		if !ok || !ip.Is4() {
			return fmt.Errorf("Access-Accept with a Framed-IP-Address of %d bytes", len(text))
		}
		if s := ip.String(); !slices.Contains(notAddresses, s) {
			into["Framed-IP-Address"] = append(into["Framed-IP-Address"], s)
		}
	}
	for _, text := range texts(accept, rfc2865.SessionTimeout_Type) {
		seconds, err := radius.Integer(radius.Attribute(text))
		if err != nil {
			return fmt.Errorf("Access-Accept with a Session-Timeout of %d bytes", len(text))
		}
		into["Session-Timeout"] = append(into["Session-Timeout"], strconv.FormatUint(uint64(seconds), 10))
	}
	return nil
}
