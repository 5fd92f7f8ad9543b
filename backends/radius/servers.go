package radius

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// The ports without which a server may be named: RADIUS authentication (RFC 2865
// section 3) and RADIUS over TLS (RFC 6614 section 2.1).
const (
	defaultPort       = "1812"
	defaultRadSecPort = "2083"
)

// schemeRadSec is before a server that is asked over TLS.
const schemeRadSec = "radsec://"

// parseServer brings "host", "host:port", "[v6]" and "[v6]:port", each with or
// without radsec:// before it, into the one form with a port that names the
// server in the configuration, steps and errors.
func parseServer(s string) (string, error) {
	address, overTLS := strings.CutPrefix(s, schemeRadSec)
	if !overTLS {
		return parseAddress(s, defaultPort)
	}
	address, err := parseAddress(address, defaultRadSecPort)
	if err != nil {
		return "", err
	}
	return schemeRadSec + address, nil
}

// isRadSec tells of a server in the form of parseServer.
func isRadSec(server string) bool { return strings.HasPrefix(server, schemeRadSec) }

// address is host:port for a dial, and the host alone.
func address(server string) (hostPort, host string) {
	hostPort = strings.TrimPrefix(server, schemeRadSec)
	host, _, _ = net.SplitHostPort(hostPort)
	return hostPort, host
}

func parseAddress(s, port string) (string, error) {
	host := s
	switch {
	case strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]"):
		host = s[1 : len(s)-1]
	case strings.Contains(s, ":"):
		var err error
		if host, port, err = net.SplitHostPort(s); err != nil {
			return "", err // says "too many colons", or which bracket is missing
		}
	}
	if strings.HasPrefix(s, "[") {
		if addr, err := netip.ParseAddr(host); err != nil || !addr.Is6() {
			return "", fmt.Errorf("%q is not an IPv6 address", host)
		}
	} else if err := checkHost(host); err != nil {
		return "", err
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil || number == 0 {
		return "", fmt.Errorf("%q is not a port", port)
	}
	return net.JoinHostPort(host, strconv.FormatUint(number, 10)), nil
}

// checkHost lets host names and IPv4 addresses through and stops what belongs
// to a URL, a space or a comma that should have been a second string.
func checkHost(host string) error {
	if host == "" || len(host) > 253 {
		return errors.New("the host must be 1 to 253 bytes long")
	}
	for _, r := range host {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		if !letter && r != '.' && r != '-' && r != '_' {
			return fmt.Errorf("a host name has no %q", r)
		}
	}
	return nil
}
