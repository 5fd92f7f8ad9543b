package openvpn_test

import (
	"errors"
	"net/netip"
	"testing"

	"ovpn-verify/verify/front/job"
	"ovpn-verify/verify/openvpn"
)

// frame is that of a login.
func frame(fields ...string) []byte {
	return eventFrame(openvpn.UserPassVerify, fields...)
}

func eventFrame(event openvpn.Event, fields ...string) []byte {
	f := job.New(make([]byte, 1<<20)) // more than is let through
	f.Add(job.ScriptType, string(event))
	for i := 0; i < len(fields); i += 2 {
		f.Add(fields[i], fields[i+1])
	}
	frame, _ := f.Bytes()
	return frame
}

func TestReadCallTakesTheFirstTwoLines(t *testing.T) {
	for content, want := range map[string][2]string{
		"ada\npw\n":      {"ada", "pw"},
		"ada\npw":        {"ada", "pw"},
		"ada\n\n":        {"ada", ""},
		"ada\npw\nmore":  {"ada", "pw"},
		"a b\x00\np:w\r": {"a b\x00", "p:w\r"},
		"\n\n":           {"", ""},
	} {
		c, err := openvpn.ReadCall(frame(job.Credentials, content))
		if err != nil || c.Username != want[0] || string(c.Password.Reveal()) != want[1] {
			t.Errorf("%q: %q, %q, %v", content, c.Username, c.Password.Reveal(), err)
		}
	}
}

func TestReadCallWithoutCredentials(t *testing.T) {
	for name, f := range map[string][]byte{
		"nothing":          frame(job.Config, "/c"),
		"one line":         frame(job.Config, "/c", job.Credentials, "ada"),
		"empty file":       frame(job.Config, "/c", job.Credentials, ""),
		"name alone":       frame(job.Config, "/c", "username", "ada"),
		"password alone":   frame(job.Config, "/c", "password", "x"),
		"file before both": frame(job.Config, "/c", job.Credentials, "", "username", "ada", "password", "x"),
	} {
		c, err := openvpn.ReadCall(f)
		if !errors.Is(err, openvpn.ErrNoCredentials) || c.Config != "/c" || c.Username != "" {
			t.Errorf("%s: %+v, %v", name, c, err)
		}
	}
	if _, err := openvpn.ReadCall([]byte("x")); err == nil || errors.Is(err, openvpn.ErrNoCredentials) {
		t.Errorf("a damaged frame: %v", err)
	}
}

func TestReadCallReadsTheEnvironment(t *testing.T) {
	c, err := openvpn.ReadCall(frame("username", "ada", "password", "pw", "common_name", "ada-laptop", "tls_serial_0", "17",
		"untrusted_ip6", "::ffff:192.0.2.7", "untrusted_port", "50123", "IV_PROTO", "990", job.ReasonFile, "",
		"session_id", "LAZet+9XCozdWq5w", "session_state", "Initial", "daemon_pid", "4242", "daemon_start_time", "1795369733"))
	if err != nil || c.Username != "ada" || string(c.Password.Reveal()) != "pw" || c.CommonName != "ada-laptop" ||
		c.ClientIP != netip.MustParseAddr("192.0.2.7") || c.ClientPort != 50123 || c.ClientProto != "990" || !c.HasReason ||
		c.Event != openvpn.UserPassVerify || c.SessionID != "LAZet+9XCozdWq5w" || c.SessionState != "Initial" || c.Daemon != "4242/1795369733" {
		t.Errorf("%+v, %v", c, err)
	}
}

// Only these two events come without a password, and what a frame has of one is
// not read there.
func TestReadCallOfASession(t *testing.T) {
	for _, event := range []openvpn.Event{openvpn.ClientConnect, openvpn.ClientDisconnect} {
		c, err := openvpn.ReadCall(eventFrame(event, "username", "ada", "common_name", "ada-laptop", "tls_serial_0", "17", "password", "pw",
			job.Credentials, "eve\npw\n", job.ReasonFile, ""))
		if err != nil || c.Event != event || c.Username != "ada" || c.CommonName != "ada-laptop" ||
			!c.Password.Empty() || c.HasReason {
			t.Errorf("%s: %+v, %v", event, c, err)
		}
	}
	for _, event := range []openvpn.Event{"", "tls-verify", "client-crresponse"} {
		if c, err := openvpn.ReadCall(eventFrame(event, "username", "ada", "password", "pw")); err == nil || c.Username != "" {
			t.Errorf("%q: %+v, %v", event, c, err)
		}
	}
}

func TestReadCallTakesTheAddressOfTheLogin(t *testing.T) {
	none := netip.AddrPort{}
	for name, c := range map[string]struct {
		fields []string
		want   netip.AddrPort
	}{
		"nothing":             {nil, none},
		"both":                {[]string{"untrusted_ip", "192.0.2.7", "untrusted_port", "1", "trusted_ip", "192.0.2.8", "trusted_port", "2"}, netip.MustParseAddrPort("192.0.2.7:1")},
		"trusted alone":       {[]string{"trusted_ip", "192.0.2.8", "trusted_port", "2"}, netip.MustParseAddrPort("192.0.2.8:2")},
		"trusted IPv6":        {[]string{"trusted_ip6", "2001:db8::8", "trusted_port", "65535"}, netip.MustParseAddrPort("[2001:db8::8]:65535")},
		"IPv6":                {[]string{"untrusted_ip6", "2001:db8::7", "untrusted_port", "1"}, netip.MustParseAddrPort("[2001:db8::7]:1")},
		"no port":             {[]string{"untrusted_ip", "192.0.2.7"}, netip.MustParseAddrPort("192.0.2.7:0")},
		"port out of range":   {[]string{"untrusted_ip", "192.0.2.7", "untrusted_port", "65536"}, netip.MustParseAddrPort("192.0.2.7:0")},
		"no mixture of both":  {[]string{"untrusted_ip", "192.0.2.7", "trusted_ip", "192.0.2.8", "trusted_port", "2"}, netip.MustParseAddrPort("192.0.2.7:0")},
		"what is no address":  {[]string{"untrusted_ip", "client", "untrusted_port", "1"}, none},
		"port without any ip": {[]string{"untrusted_port", "1"}, none},
	} {
		got, err := openvpn.ReadCall(eventFrame(openvpn.ClientConnect, c.fields...))
		if err != nil || got.ClientIP != c.want.Addr() || got.ClientPort != c.want.Port() {
			t.Errorf("%s: %v port %d, %v", name, got.ClientIP, got.ClientPort, err)
		}
	}
}

func TestReadCallNamesTheDaemonByBothParts(t *testing.T) {
	for _, fields := range [][]string{nil, {"daemon_pid", "4242"}, {"daemon_start_time", "1795369733"}, {"daemon_pid", "", "daemon_start_time", "1"}} {
		if c, err := openvpn.ReadCall(eventFrame(openvpn.ClientConnect, fields...)); err != nil || c.Daemon != "" {
			t.Errorf("%v: %q, %v", fields, c.Daemon, err)
		}
	}
}

// With username-as-common-name OpenVPN calls a client without a certificate by
// the user's name at a renegotiation, and by none at the login.
func TestReadCallTakesNoUserNameForACertificates(t *testing.T) {
	if c, err := openvpn.ReadCall(frame("username", "ada", "password", "pw", "common_name", "ada")); err != nil || c.CommonName != "" {
		t.Errorf("%q, %v", c.CommonName, err)
	}
}
