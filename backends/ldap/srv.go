package ldap

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"ovpn-verify/verify/trace"
)

// schemeSRV stands for the servers that a domain's SRV records name.
const schemeSRV = "srv"

// maxServers bounds what one domain's records may bring in.
const maxServers = 16

// parseSRV reads srv://example.org.
func parseSRV(s string, u *url.URL) (endpoint, error) {
	switch {
	case u.Hostname() == "":
		return endpoint{}, errors.New("there is no domain")
	case u.Host != u.Hostname() || u.User != nil || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return endpoint{}, errors.New("there is more than a domain")
	}
	return endpoint{url: s, scheme: schemeSRV, host: u.Hostname()}, nil
}

var lookupSRV = net.DefaultResolver.LookupSRV

// servers are the configured ones, with a domain replaced by its servers of the
// moment (RFC 2782, _ldap._tcp), in the order of priority and weight. That
// records cannot be had is told like a server's outage.
func (b *Backend) servers(ctx context.Context) (servers []endpoint, failed outage) {
	for _, e := range b.endpoints {
		if e.scheme != schemeSRV {
			servers = append(servers, e)
			continue
		}
		end := trace.Start(ctx, "look up servers", e.url)
		found, err := b.resolve(ctx, e)
		end(err)
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: look up servers: %w", e.url, err))
		}
		servers = append(servers, found...)
	}
	return servers, failed
}

// resolve keeps the servers whose names are in the domain. Records are not
// authenticated: whoever forges them could else name a host of their own, for
// which they have a proper certificate.
func (b *Backend) resolve(ctx context.Context, e endpoint) ([]endpoint, error) {
	ctx, cancel := b.withTimeout(ctx, b.share(ctx, len(b.endpoints)+1))
	defer cancel()
	_, records, err := b.lookupSRV(ctx, "ldap", "tcp", e.host)
	if err != nil && len(records) == 0 {
		return nil, err
	}
	var found []endpoint
	for _, r := range records[:min(len(records), maxServers)] {
		host := strings.TrimSuffix(r.Target, ".")
		if !strings.HasSuffix(fold(host), "."+fold(strings.TrimSuffix(e.host, "."))) {
			continue
		}
		address := net.JoinHostPort(host, strconv.Itoa(int(r.Port)))
		found = append(found, endpoint{
			url: schemeLDAP + "://" + address, scheme: schemeLDAP, network: "tcp", address: address, host: host,
		})
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("none of %d records names a server in the domain", len(records))
	}
	return found, nil
}
