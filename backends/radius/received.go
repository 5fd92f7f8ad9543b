package radius

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"

	"layeh.com/radius"
)

// inbound is an attribute of an Access-Accept that becomes part of the identity.
type inbound struct {
	name      string
	microsoft bool // inside Microsoft's Vendor-Specific
	of        byte
	read      func([]byte) (string, error) // "" leaves it out
}

// received is what later parts can give to a client: RFC 2865 section 5, RFC
// 2869 section 5, RFC 3162 section 2, RFC 4818, RFC 6911 section 3 and RFC 2548
// section 2.7. Reply-Message, which is one text in several, is not among them.
var received = []inbound{
	{"User-Name", false, 1, readText},
	{"Framed-IP-Address", false, 8, readFramedIP},
	{"Framed-IP-Netmask", false, 9, readIPv4},
	{"Filter-Id", false, 11, readText},
	{"Framed-MTU", false, 12, readNumber},
	{"Framed-Route", false, 22, readText},
	{"Class", false, 25, readOpaque},
	{"Session-Timeout", false, 27, readNumber},
	{"Idle-Timeout", false, 28, readNumber},
	{"Acct-Interim-Interval", false, 85, readNumber},
	{"Framed-Pool", false, 88, readText},
	{"Framed-IPv6-Prefix", false, 97, readPrefix},
	{"Framed-IPv6-Route", false, 99, readText},
	{"Framed-IPv6-Pool", false, 100, readText},
	{"Delegated-IPv6-Prefix", false, 123, readPrefix},
	{"Framed-IPv6-Address", false, 168, readIPv6},
	{"DNS-Server-IPv6-Address", false, 169, readIPv6},
	{"MS-Primary-DNS-Server", true, 28, readIPv4},
	{"MS-Secondary-DNS-Server", true, 29, readIPv4},
	{"MS-Primary-NBNS-Server", true, 30, readIPv4},
	{"MS-Secondary-NBNS-Server", true, 31, readIPv4},
}

// values reads every one of them. One that cannot be read voids the answer (RFC
// 2865 section 5): to go on would give a session without its limit.
func (a inbound) values(accept *radius.Packet) ([]string, error) {
	var raw [][]byte
	if a.microsoft {
		raw = microsoft(accept, a.of)
	} else {
		for _, text := range texts(accept, radius.Type(a.of)) {
			raw = append(raw, []byte(text))
		}
	}
	var all []string
	for _, b := range raw {
		value, err := a.read(b)
		if err != nil {
			return nil, fmt.Errorf("Access-Accept with a %s of %d bytes: %w", a.name, len(b), err)
		}
		if value != "" {
			all = append(all, value)
		}
	}
	return all, nil
}

// readText leaves out what is no text: nobody could pass it on.
func readText(b []byte) (string, error) {
	if !printable(string(b)) {
		return "", nil
	}
	return string(b), nil
}

func readOpaque(b []byte) (string, error) { return hex.EncodeToString(b), nil }

func readNumber(b []byte) (string, error) {
	number, err := radius.Integer(b)
	return strconv.FormatUint(uint64(number), 10), err
}

// notAddresses are the values of Framed-IP-Address by which the server leaves
// the choice to the user or to us (RFC 2865 section 5.8).
var notAddresses = []string{"255.255.255.255", "255.255.255.254"}

func readFramedIP(b []byte) (string, error) {
	s, err := readIPv4(b)
	if slices.Contains(notAddresses, s) {
		return "", err
	}
	return s, err
}

func readIPv4(b []byte) (string, error) {
	ip, ok := netip.AddrFromSlice(b)
	if !ok || !ip.Is4() {
		return "", errors.New("no IPv4 address")
	}
	return ip.String(), nil
}

func readIPv6(b []byte) (string, error) {
	ip, ok := netip.AddrFromSlice(b)
	if !ok || !ip.Is6() {
		return "", errors.New("no IPv6 address")
	}
	return ip.String(), nil
}

// readPrefix: a reserved byte, the number of bits, and as many bytes as they
// need or more, up to 16 (RFC 3162 section 2.3).
func readPrefix(b []byte) (string, error) {
	var ip [16]byte
	if len(b) < 2 || len(b) > 2+len(ip) || b[1] > 128 || len(b)-2 < (int(b[1])+7)/8 {
		return "", errors.New("no IPv6 prefix")
	}
	copy(ip[:], b[2:])
	return netip.PrefixFrom(netip.AddrFrom16(ip), int(b[1])).Masked().String(), nil
}
