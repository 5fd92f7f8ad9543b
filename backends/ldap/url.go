package ldap

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

const (
	schemeLDAP  = "ldap"
	schemeLDAPS = "ldaps"
	schemeLDAPI = "ldapi"
)

// endpoint is one server of the configuration.
type endpoint struct {
	url     string // as written, for logs
	scheme  string
	network string // "tcp" or "unix"
	address string // host:port or the socket's path
	host    string // what the certificate must be for; empty with ldapi
}

// parseURL takes a URL that says where a server is and nothing else: base,
// filter and user name have keys of their own, and one that is ignored here
// would mislead.
func parseURL(s string) (endpoint, error) {
	if rest, ok := strings.CutPrefix(s, schemeLDAPI+"://"); ok {
		return parseSocketURL(s, rest)
	}
	u, err := url.Parse(s)
	if err != nil {
		return endpoint{}, errors.New("it is not a URL")
	}
	if u.Scheme == schemeSRV {
		return parseSRV(s, u)
	}
	port, ok := map[string]string{schemeLDAP: "389", schemeLDAPS: "636"}[u.Scheme]
	switch {
	case !ok:
		return endpoint{}, fmt.Errorf("the scheme is %q", u.Scheme)
	case u.Hostname() == "":
		return endpoint{}, errors.New("there is no host")
	case u.User != nil, u.Path != "" && u.Path != "/", u.RawQuery != "", u.ForceQuery, u.Fragment != "":
		return endpoint{}, errors.New("there is more than a host and a port")
	}
	if p := u.Port(); p != "" {
		if n, err := strconv.ParseUint(p, 10, 16); err != nil || n == 0 {
			return endpoint{}, fmt.Errorf("the port is %q", p)
		}
		port = p
	}
	return endpoint{
		url: s, scheme: u.Scheme, network: "tcp",
		address: net.JoinHostPort(u.Hostname(), port), host: u.Hostname(),
	}, nil
}

// parseSocketURL reads the socket's path from the host's place, where
// OpenLDAP's clients expect it; net/url refuses %2F there.
func parseSocketURL(s, host string) (endpoint, error) {
	path, err := url.PathUnescape(strings.TrimSuffix(host, "/"))
	if err != nil || !strings.HasPrefix(path, "/") || strings.ContainsRune(path, 0) {
		return endpoint{}, errors.New("the socket's path must be absolute and percent-encoded, such as ldapi://%2Frun%2Fslapd%2Fldapi")
	}
	return endpoint{url: s, scheme: schemeLDAPI, network: "unix", address: path}, nil
}

// dial tries the endpoint's addresses in turn.
func (e endpoint) dial(ctx context.Context) (conn net.Conn, err error) {
	for _, address := range e.addresses() {
		if conn, err = new(net.Dialer).DialContext(ctx, e.network, address); err == nil {
			return conn, nil
		}
	}
	return nil, err
}

// addresses are one, save for localhost: that is this host whatever a resolver
// says (RFC 6761 section 6.3), also where there is no /etc/hosts, and unencrypted
// passwords may go there.
func (e endpoint) addresses() []string {
	host, port, err := net.SplitHostPort(e.address)
	if e.network != "tcp" || err != nil || !strings.EqualFold(host, "localhost") {
		return []string{e.address}
	}
	return []string{net.JoinHostPort("127.0.0.1", port), net.JoinHostPort("::1", port)}
}

// crossesNetworkInClear tells whether, without StartTLS, passwords leave this
// host unencrypted. A name that only resolves to a loopback address does not
// count as this host: who answers for the name is up to the resolver.
func (e endpoint) crossesNetworkInClear() bool {
	if e.scheme == schemeSRV {
		return true
	}
	if e.scheme != schemeLDAP || strings.EqualFold(e.host, "localhost") {
		return false
	}
	addr, err := netip.ParseAddr(e.host)
	return err != nil || !addr.Unmap().IsLoopback()
}
