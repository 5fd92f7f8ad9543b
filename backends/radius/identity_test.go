package radius

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"layeh.com/radius"
	"layeh.com/radius/rfc2865"

	"ovpn-verify/backends/backendtest/fakeradius"
	"ovpn-verify/verify/primary"
)

// accepted logs typed in at a server whose Access-Accept has these attributes.
func accepted(t *testing.T, typed string, attrs radius.Attributes) (primary.Identity, error) {
	t.Helper()
	s := start(t, fakeradius.Options{Users: map[string]fakeradius.User{typed: {Password: password, Accept: attrs}}})
	return backend(t, config(t, s.Addr())).CheckPassword(t.Context(), login(typed, password))
}

// A User-Name in the answer may correct the spelling and nothing else.
func TestServerCannotChooseAnotherAccount(t *testing.T) {
	for _, c := range []struct {
		typed string
		names []string
		want  string
	}{
		{"ADA", nil, "ADA"},
		{"ADA", []string{"Ada"}, "Ada"},
		{"ada", []string{"anonymous"}, "ada"},
		{"ada@evil.example", []string{"ada"}, "ada@evil.example"},
		{"ada", []string{"root"}, "ada"},
		{"ada", []string{"Ada", "ADA"}, "ada"},
		{"ada", []string{"ada\x00"}, "ada"},
		{"ada", []string{""}, "ada"},
	} {
		var attrs radius.Attributes
		for _, name := range c.names {
			attrs.Add(rfc2865.UserName_Type, []byte(name))
		}
		id, err := accepted(t, c.typed, attrs)
		if err != nil || id.Name != c.want {
			t.Errorf("typed %q, answered %q: identity %q, error %v; want %q", c.typed, c.names, id.Name, err, c.want)
		}
	}
}

func TestAttributesOfTheSession(t *testing.T) {
	id, err := accepted(t, "alice", radius.Attributes{
		{Type: rfc2865.Class_Type, Attribute: []byte("vip")},
		{Type: rfc2865.Class_Type, Attribute: []byte{0, 255}},
		{Type: rfc2865.FilterID_Type, Attribute: []byte("staff")},
		{Type: rfc2865.FilterID_Type, Attribute: []byte("bad\nline")},
		{Type: rfc2865.FramedIPAddress_Type, Attribute: []byte{10, 9, 0, 77}},
		{Type: rfc2865.FramedIPAddress_Type, Attribute: []byte{255, 255, 255, 254}},
		{Type: rfc2865.SessionTimeout_Type, Attribute: []byte{0, 0, 14, 16}},
		{Type: rfc2865.ReplyMessage_Type, Attribute: []byte("wel\ncome, ")},
		{Type: rfc2865.ReplyMessage_Type, Attribute: []byte("alice\r\n")},
		{Type: rfc2865.UserName_Type, Attribute: []byte("someone")},
		{Type: rfc2865.FramedIPNetmask_Type, Attribute: []byte{255, 255, 255, 0}},
		{Type: rfc2865.FramedMTU_Type, Attribute: []byte{0, 0, 5, 220}},
		{Type: rfc2865.FramedRoute_Type, Attribute: []byte("10.8.0.0/16 0.0.0.0 1")},
		{Type: rfc2865.IdleTimeout_Type, Attribute: []byte{0, 0, 1, 0}},
		{Type: 88, Attribute: []byte("pool")},
		{Type: 97, Attribute: []byte{0, 36, 0x20, 0x01, 0x0d, 0xb8, 0xff}},
		{Type: 123, Attribute: []byte{0, 0}},
		{Type: 168, Attribute: slices.Concat([]byte{0x20, 1}, make([]byte, 13), []byte{7})},
		{Type: rfc2865.VendorSpecific_Type, Attribute: append(fakeradius.Vendor(311, 28, []byte{10, 0, 0, 1}), 29, 6, 10, 0, 0, 2, 28, 9)},
		{Type: rfc2865.VendorSpecific_Type, Attribute: fakeradius.Vendor(9, 28, []byte{10, 0, 0, 3})},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{
		"Class": {"766970", "00ff"}, "Filter-Id": {"staff"}, "Framed-IP-Address": {"10.9.0.77"},
		"Session-Timeout": {"3600"}, "Reply-Message": {"wel come, alice"}, "User-Name": {"someone"},
		"Framed-IP-Netmask": {"255.255.255.0"}, "Framed-MTU": {"1500"}, "Framed-Route": {"10.8.0.0/16 0.0.0.0 1"}, "Idle-Timeout": {"256"},
		"Framed-Pool": {"pool"}, "Framed-IPv6-Prefix": {"2001:db8:f000::/36"}, "Delegated-IPv6-Prefix": {"::/0"}, "Framed-IPv6-Address": {"2001::7"},
		"MS-Primary-DNS-Server": {"10.0.0.1"}, "MS-Secondary-DNS-Server": {"10.0.0.2"},
	}
	if !maps.EqualFunc(id.Attributes, want, slices.Equal) {
		t.Errorf("attributes %q", id.Attributes)
	}
}

// RFC 2865 section 5: an attribute of the wrong length voids the answer.
func TestUnreadableLimitIsNoAccept(t *testing.T) {
	for _, of := range []radius.Type{rfc2865.SessionTimeout_Type, rfc2865.FramedIPAddress_Type} {
		for _, value := range []string{"", "abc", "abcde", "0123456789abcdef"} {
			id, err := accepted(t, "alice", radius.Attributes{{Type: of, Attribute: []byte(value)}})
			outage(t, id, err)
		}
	}
	for _, value := range []string{"", "\x00", "\x00\x81", "\x00\x09a", "\x00\x00aaaaaaaaaaaaaaaaa"} {
		id, err := accepted(t, "alice", radius.Attributes{{Type: 97, Attribute: []byte(value)}})
		outage(t, id, err)
	}
	id, err := accepted(t, "alice", radius.Attributes{{Type: rfc2865.VendorSpecific_Type, Attribute: fakeradius.Vendor(311, 28, []byte("abc"))}})
	outage(t, id, err)
}

func TestRefusalCarriesTheServersWordsCleaned(t *testing.T) {
	for message, want := range map[string]string{
		"":                       "Access-Reject: refused",
		"account expired\r\n":    `Access-Reject: "account expired": refused`,
		"a\x1b[31mb\nc\xff":      `"a [31mb c?": refused`,
		strings.Repeat("ä", 120): `"` + strings.Repeat("ä", 98) + `…": refused`,
		"not letmein99, please":  "Access-Reject: refused",
	} {
		s := start(t, fakeradius.Options{Reject: message})
		id, err := backend(t, config(t, s.Addr())).CheckPassword(t.Context(), login("alice", "letmein99"))
		if !errors.Is(err, primary.ErrRefused) || id.Name != "" || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%q became %v; want %q", message, err, want)
		}
	}
}

// broken voids the answer that it is in.
var broken = radius.Attributes{{Type: rfc2865.SessionTimeout_Type, Attribute: []byte("abc")}}
