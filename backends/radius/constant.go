package radius

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"layeh.com/radius"
	"layeh.com/radius/rfc2865"
	"layeh.com/radius/rfc2869"
	"layeh.com/radius/rfc3162"
)

// constant is an attribute that radius.attributes may give every request.
type constant struct {
	name  string
	of    radius.Type
	value func(string) (radius.Attribute, error)
}

// constants is a closed list: what proves the user, what the server made and
// what says who the client is are not for the configuration. The numbers that
// some of these stand for are in RFC 2865 section 5.6 and 5.41.
var constants = []constant{
	{"Called-Station-Id", rfc2865.CalledStationID_Type, textValue},
	{"Connect-Info", rfc2869.ConnectInfo_Type, textValue},
	{"Framed-Protocol", rfc2865.FramedProtocol_Type, numberValue},
	{"NAS-IP-Address", rfc2865.NASIPAddress_Type, ipv4Value},
	{"NAS-IPv6-Address", rfc3162.NASIPv6Address_Type, ipv6Value},
	{"NAS-Port", rfc2865.NASPort_Type, numberValue},
	{"NAS-Port-Id", rfc2869.NASPortID_Type, textValue},
	{"NAS-Port-Type", rfc2865.NASPortType_Type, numberValue},
	{"Service-Type", rfc2865.ServiceType_Type, numberValue},
}

// parseConstants reads "Name=value" strings; names in any case, each once.
// Every fault is reported, beginning with the key.
func parseConstants(list []string) (radius.Attributes, []error) {
	var attrs radius.Attributes
	var faults []error
	for _, s := range list {
		avp, err := parseConstant(s)
		switch {
		case err != nil:
			faults = append(faults, err)
		case has(attrs, avp.Type):
			faults = append(faults, fmt.Errorf("radius.attributes must name an attribute once, not again in %q", s))
		default:
			attrs = append(attrs, avp)
		}
	}
	return attrs, faults
}

func parseConstant(s string) (*radius.AVP, error) {
	name, text, _ := strings.Cut(s, "=")
	at := slices.IndexFunc(constants, func(c constant) bool { return strings.EqualFold(c.name, name) })
	if at < 0 {
		names := make([]string, len(constants))
		for i, c := range constants {
			names[i] = c.name
		}
		return nil, fmt.Errorf("radius.attributes must be \"Name=value\" with one of the names %s, not %q", strings.Join(names, ", "), s)
	}
	value, err := constants[at].value(text)
	if err != nil {
		return nil, fmt.Errorf("radius.attributes must give %s %w, not %q", constants[at].name, err, text)
	}
	return &radius.AVP{Type: constants[at].of, Attribute: value}, nil
}

func has(attrs radius.Attributes, types ...radius.Type) bool {
	return slices.ContainsFunc(attrs, func(avp *radius.AVP) bool { return slices.Contains(types, avp.Type) })
}

func textValue(s string) (radius.Attribute, error) {
	if s == "" || len(s) > maxAttribute || !printable(s) {
		return nil, fmt.Errorf("a text of 1 to %d bytes without control characters", maxAttribute)
	}
	return radius.Attribute(s), nil
}

func numberValue(s string) (radius.Attribute, error) {
	number, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		return nil, errors.New("a number of at most 32 bits")
	}
	return binary.BigEndian.AppendUint32(nil, uint32(number)), nil
}

func ipv4Value(s string) (radius.Attribute, error) {
	ip, err := netip.ParseAddr(s)
	if err != nil || !ip.Is4() {
		return nil, errors.New("an IPv4 address")
	}
	return ip.AsSlice(), nil
}

func ipv6Value(s string) (radius.Attribute, error) {
	ip, err := netip.ParseAddr(s)
	if err != nil || !ip.Is6() || ip.Zone() != "" {
		return nil, errors.New("an IPv6 address")
	}
	return ip.AsSlice(), nil
}
