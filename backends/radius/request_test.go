package radius

import (
	"net/netip"
	"testing"

	"layeh.com/radius"
	"layeh.com/radius/rfc2865"
	"layeh.com/radius/rfc2866"
	"layeh.com/radius/rfc2869"
	"layeh.com/radius/rfc3162"

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
		rfc2866.AcctSessionID_Type:    "test",
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

func TestConstantAttributes(t *testing.T) {
	s := start(t, fakeradius.Options{})
	cfg := config(t, s.Addr())
	cfg.Attributes = []string{
		"Called-Station-Id=vpn.example.org=1", "nas-port=1194", "NAS-Port-Type=0", "Service-Type=8",
		"NAS-IPv6-Address=2001:db8::7", "Connect-Info=ü", "NAS-Port-Id=tun0", "Framed-Protocol=1",
	}
	if _, err := backend(t, cfg).CheckPassword(t.Context(), login("alice", password)); err != nil {
		t.Fatal(err)
	}
	got := s.Requests()[0].Attributes
	for of, want := range map[radius.Type]string{
		rfc2865.CalledStationID_Type: "vpn.example.org=1",
		rfc2865.NASPort_Type:         "\x00\x00\x04\xaa",
		rfc2865.NASPortType_Type:     "\x00\x00\x00\x00",
		rfc2865.ServiceType_Type:     "\x00\x00\x00\x08",
		rfc2865.FramedProtocol_Type:  "\x00\x00\x00\x01",
		rfc3162.NASIPv6Address_Type:  "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x07",
		rfc2869.ConnectInfo_Type:     "ü",
		rfc2869.NASPortID_Type:       "tun0",
		rfc2866.AcctSessionID_Type:   "test",
	} {
		values := 0
		for _, avp := range got {
			if avp.Type == of {
				values++
			}
		}
		if values != 1 || string(got.Get(of)) != want {
			t.Errorf("attribute %d: %d of them, %q", of, values, got.Get(of))
		}
	}
	if value, ok := got.Lookup(rfc2865.NASIPAddress_Type); ok {
		t.Errorf("our own address %v went along", value)
	}
}
