package ldap

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"ovpn-verify/backends/backendtest/fakeldap"
)

// records answer the one question that is right, in place of the network.
func records(r ...*net.SRV) func(context.Context, string, string, string) (string, []*net.SRV, error) {
	return func(_ context.Context, service, proto, name string) (string, []*net.SRV, error) {
		if service != "ldap" || proto != "tcp" || name != "example.org" {
			return "", nil, errors.New("another question")
		}
		return "", r, nil
	}
}

func srvBackend(t *testing.T, more ...string) *Backend {
	t.Helper()
	c := exampleConfig(t)
	c.URLs, c.InsecurePlaintext = append([]string{"srv://example.org"}, more...), true
	return newBackend(t, c)
}

func TestServersOfADomain(t *testing.T) {
	t.Parallel()
	b := srvBackend(t, "ldap://dc9.example.org")
	b.lookupSRV = records(
		&net.SRV{Target: "dc1.Example.org.", Port: 389}, &net.SRV{Target: "evil.example", Port: 389},
		&net.SRV{Target: "example.org.evil.example.", Port: 389}, &net.SRV{Target: "evilexample.org.", Port: 389},
		&net.SRV{Target: "dc2.site.example.org.", Port: 3389},
	)
	servers, failed := b.servers(t.Context())
	var addresses []string
	for _, e := range servers {
		addresses = append(addresses, e.address+" "+e.host)
	}
	want := "dc1.Example.org:389 dc1.Example.org, dc2.site.example.org:3389 dc2.site.example.org, dc9.example.org:389 dc9.example.org"
	if got := strings.Join(addresses, ", "); got != want || failed != nil {
		t.Errorf("%s, %v\nwant %s", got, failed, want)
	}
}

func TestRecordsThatCannotBeHadAreAnOutage(t *testing.T) {
	t.Parallel()
	b := srvBackend(t)
	b.lookupSRV = records(&net.SRV{Target: "evil.example.", Port: 389})
	if id, err := ada(t, b); outcomeOf(t, id, err) != down || !strings.Contains(err.Error(), "none of 1 records names a server in the domain") {
		t.Errorf("%v", err)
	}
	s := start(t, fakeldap.Example())
	b = srvBackend(t, s.URL())
	b.config.Timeout = impatience
	b.lookupSRV = func(ctx context.Context, _, _, _ string) (string, []*net.SRV, error) {
		<-ctx.Done()
		return "", nil, ctx.Err()
	}
	began := time.Now()
	if id, err := ada(t, b); outcomeOf(t, id, err) != accepted || time.Since(began) > slack {
		t.Errorf("the server beside it: %v after %v", err, time.Since(began))
	}
}

func TestFaultsOfSRV(t *testing.T) {
	for want, change := range map[string]func(*Config){
		tlsMust + `"srv://example.org"`:                                    one("srv://example.org"),
		urlsMust + `"srv://": there is no domain`:                          one("srv://"),
		urlsMust + `"srv://example.org:389": there is more than a domain`:  one("srv://example.org:389"),
		urlsMust + `"srv://example.org/dc=x": there is more than a domain`: one("srv://example.org/dc=x"),
	} {
		c := validConfig()
		change(&c)
		if err := c.Validate(); err == nil || err.Error() != want {
			t.Errorf("%v\nwant %s", err, want)
		}
	}
	c := validConfig()
	c.URLs, c.StartTLS = []string{"srv://example.org"}, true
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
}
