package radius

import (
	"fmt"
	"net/netip"
	"slices"

	"ovpn-verify/verify/secret"
)

// minSecret is the length that RFC 2865 section 3 prefers.
const minSecret = 16

// Warnings names the weakenings that are switched on. It reads the shared
// secret, to tell how long it is.
func (c Config) Warnings() []string {
	const danger = "whoever can change packets between here and the server can turn its refusals into accepts (CVE-2024-3596)"
	var warnings []string
	exempt := slices.DeleteFunc(slices.Clone(c.InsecureNoMessageAuthenticator), c.verified)
	switch {
	case !c.RequireMessageAuthenticator && !c.allVerified():
		warnings = append(warnings, "radius.require_message_authenticator = false: "+danger)
	case c.RequireMessageAuthenticator && len(exempt) > 0:
		warnings = append(warnings, fmt.Sprintf("radius.insecure_no_message_authenticator = %q: %s", exempt, danger))
	}
	if c.InsecureSkipVerify {
		warnings = append(warnings, "radius.insecure_skip_verify is on: any certificate is taken for a radsec:// server's, so anybody on the way can let users in and read passwords")
	}
	return append(warnings, c.udpWarnings()...)
}

// udpWarnings are about what UDP leaves to the shared secret and to the network.
func (c Config) udpWarnings() []string {
	servers := slices.DeleteFunc(c.addresses(), isRadSec)
	if len(servers) == 0 {
		return nil
	}
	var warnings []string
	if s, err := secret.ReadFile(c.SecretFile); err == nil && len(s.Reveal()) < minSecret {
		warnings = append(warnings, fmt.Sprintf("radius.secret_file holds fewer than %d bytes: whoever sees a packet can try all short secrets on it (RFC 2865 section 3)", minSecret))
	}
	if far := slices.DeleteFunc(servers, onThisHost); c.Protocol == protocolMSCHAP && len(far) > 0 {
		warnings = append(warnings, fmt.Sprintf("radius.protocol = \"mschapv2\" over UDP to %q: whoever sees the packets can find the password's hash "+
			"by trying the 2^56 keys of DES, whatever the shared secret is; radsec:// hides them", far))
	}
	return warnings
}

// onThisHost is about servers whose packets cross no network.
func onThisHost(server string) bool {
	_, host := address(server)
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// verified tells whether TLS vouches for a server's answers. Then a
// Message-Authenticator adds nothing, whose key everybody knows.
func (c Config) verified(server string) bool { return isRadSec(server) && !c.InsecureSkipVerify }

func (c Config) allVerified() bool {
	return len(c.Servers) > 0 && !slices.ContainsFunc(c.Servers, func(s string) bool { return !c.verified(s) })
}
