package radius

import (
	"strings"

	"layeh.com/radius"

	"ovpn-verify/verify/primary"
)

// identity is the account in an Access-Accept.
//
// The server may name it in User-Name (RFC 2865 section 5.1), but behind a
// proxy those words come from whichever home server the user's realm leads to,
// and some servers name everybody "anonymous". Second factors and limits hang
// on the name, so a server may only correct its upper and lower case; any other
// User-Name is left to the attributes, and the name stays as it was typed.
// What an absent User-Name means for "Ada" and "ada" nobody knows but the
// server: whoever keys something by the name has to fold it.
//
// message is the Reply-Message that may be shown.
func identity(accept *radius.Packet, typed, message string) (primary.Identity, error) {
	id := primary.Identity{Name: typed, Attributes: make(map[string][]string)}
	for _, a := range received {
		values, err := a.values(accept)
		if err != nil {
			return primary.Identity{}, err
		}
		if len(values) > 0 {
			id.Attributes[a.name] = values
		}
	}
	if message = clean(message); message != "" {
		id.Attributes["Reply-Message"] = []string{message}
	}
	names := id.Attributes["User-Name"]
	if len(names) == 1 && strings.EqualFold(names[0], typed) {
		id.Name = names[0]
	}
	return id, nil
}
