package radius

import (
	"net/netip"
	"testing"

	"layeh.com/radius"
	"layeh.com/radius/rfc2865"

	"ovpn-verify/backends/backendtest/fakeradius"
)

func TestRequestAttributes(t *testing.T) {
	s := start(t, fakeradius.Options{})
	b := backend(t, config(t, s.Addr()))
	req := login("alice", password)
	req.ClientIP = netip.MustParseAddr("::ffff:192.0.2.7")
	if _, err := b.CheckPassword(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	got := s.Requests()[0]
	if got.Raw[20] != 80 || got.Raw[21] != 18 || !got.Valid {
		t.Errorf("the packet does not begin with a right Message-Authenticator: %x", got.Raw)
	}
	if got.Password != password {
		t.Errorf("password %q", got.Password)
	}
	want := map[radius.Type]string{
		rfc2865.UserName_Type:         "alice",
		rfc2865.NASIdentifier_Type:    "ovpn-verify",
		rfc2865.NASPortType_Type:      "\x00\x00\x00\x05",
		rfc2865.ServiceType_Type:      "\x00\x00\x00\x02",
		rfc2865.NASIPAddress_Type:     "\x7f\x00\x00\x01",
		rfc2865.CallingStationID_Type: "192.0.2.7",
		rfc2865.UserPassword_Type:     "",
		radius.Type(typeMsgAuth):      "",
	}
	for _, avp := range got.Attributes {
		value, known := want[avp.Type]
		if !known || value != "" && value != string(avp.Attribute) {
			t.Errorf("attribute %d is %q", avp.Type, avp.Attribute)
		}
		delete(want, avp.Type)
	}
	if len(want) > 0 {
		t.Errorf("missing: %v", want)
	}
}

func TestCallingStationIDOnlyWhenKnown(t *testing.T) {
	s := start(t, fakeradius.Options{})
	b := backend(t, config(t, s.Addr()))
	req := login("alice", password)
	for i, c := range []struct{ ip, want string }{{"", ""}, {"2001:db8::1", "2001:db8::1"}, {"fe80::1%eth0", "fe80::1"}} {
		req.ClientIP, _ = netip.ParseAddr(c.ip)
		if _, err := b.CheckPassword(t.Context(), req); err != nil {
			t.Fatal(err)
		}
		if got := string(s.Requests()[i].Attributes.Get(rfc2865.CallingStationID_Type)); got != c.want {
			t.Errorf("%q went as %q", c.ip, got)
		}
	}
}
