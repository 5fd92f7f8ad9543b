package radius

import (
	"errors"
	"strings"
	"testing"

	"layeh.com/radius"
	"layeh.com/radius/rfc2865"

	"ovpn-verify/backends/backendtest/fakeradius"
	"ovpn-verify/verify/primary"
)

func service(values ...string) radius.Attributes {
	var attrs radius.Attributes
	for _, v := range values {
		attrs.Add(rfc2865.ServiceType_Type, radius.Attribute(v))
	}
	return attrs
}

// RFC 2865 section 5.6: an accept for what we cannot give is a refusal.
func TestAcceptForAnotherServiceIsRefused(t *testing.T) {
	const number = "\x00\x00\x00"
	for name, c := range map[string]struct {
		accept radius.Attributes
		ask    string
		want   string // "": accepted
	}{
		"none":               {nil, "", ""},
		"Framed":             {service(number + "\x02"), "", ""},
		"Login":              {service(number + "\x01"), "", ""},
		"Administrative":     {service(number + "\x06"), "", ""},
		"Authenticate Only":  {service(number + "\x08"), "", ""},
		"Callback Framed":    {service(number + "\x04"), "", "Service-Type 4, which is not a VPN's: refused"},
		"Call Check":         {service(number + "\x0a"), "", "Service-Type 10, "},
		"Call Check, asked":  {service(number + "\x0a"), "Service-Type=10", ""},
		"Callback, not that": {service(number + "\x04"), "Service-Type=10", "Service-Type 4, "},
		"unknown":            {service("\x00\x01\x00\x02"), "", "Service-Type 65538, "},
		"one of two":         {service(number+"\x02", number+"\x03"), "", "Service-Type 3, "},
	} {
		s := start(t, fakeradius.Options{Users: map[string]fakeradius.User{"alice": {Password: password, Accept: c.accept}}})
		cfg := config(t, s.Addr())
		if c.ask != "" {
			cfg.Attributes = []string{c.ask}
		}
		id, err := backend(t, cfg).CheckPassword(t.Context(), login("alice", password))
		switch {
		case c.want == "" && (err != nil || id.Name != "alice"):
			t.Errorf("%s: identity %q, %v", name, id.Name, err)
		case c.want != "" && (!errors.Is(err, primary.ErrRefused) || !strings.Contains(err.Error(), c.want) || id.Name != ""):
			t.Errorf("%s: identity %q, %v; want %q", name, id.Name, err, c.want)
		}
	}
	s := start(t, fakeradius.Options{Users: map[string]fakeradius.User{"alice": {Password: password, Accept: service("\x02")}}})
	id, err := backend(t, config(t, s.Addr())).CheckPassword(t.Context(), login("alice", password))
	outage(t, id, err)
}
