package openvpn_test

import (
	"testing"

	"ovpn-verify/verify/front/job"
	"ovpn-verify/verify/openvpn"
)

// Whatever front was told by its environment, a call is for one of the three
// events, and a login has credentials or an error.
func FuzzReadCall(f *testing.F) {
	f.Add("user-pass-verify", "ada\npw\n", "192.0.2.7", "50123", "4242")
	f.Add("client-connect", "", "2001:db8::7%eth0", "-1", "")
	f.Add("client-disconnect", "ada", "::ffff:192.0.2.7", "65536", "\x00")
	f.Fuzz(func(t *testing.T, event, credentials, ip, port, pid string) {
		frame := eventFrame(openvpn.Event(event), job.Credentials, credentials, "username", credentials,
			"untrusted_ip", ip, "trusted_ip6", ip, "untrusted_port", port, "daemon_pid", pid, "daemon_start_time", pid)
		c, err := openvpn.ReadCall(frame)
		if err != nil {
			return
		}
		switch c.Event {
		case openvpn.UserPassVerify:
			if want := c.Username + "\n" + string(c.Password.Reveal()); len(credentials) < len(want) || credentials[:len(want)] != want {
				t.Errorf("%q became %q and %q", credentials, c.Username, c.Password.Reveal())
			}
		case openvpn.ClientConnect, openvpn.ClientDisconnect:
			if !c.Password.Empty() || c.Username != credentials {
				t.Errorf("%s: %+v", event, c)
			}
		default:
			t.Errorf("a call for %q", event)
		}
		if c.ClientIP.IsValid() == (c.ClientIP.String() == "invalid IP") || c.ClientPort != 0 && !c.ClientIP.IsValid() {
			t.Errorf("%v port %d", c.ClientIP, c.ClientPort)
		}
	})
}
