package radius

import (
	"fmt"
	"slices"
)

// Warnings names the weakenings that are switched on.
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
	return warnings
}

// verified tells whether TLS vouches for a server's answers. Then a
// Message-Authenticator adds nothing, whose key everybody knows.
func (c Config) verified(server string) bool { return isRadSec(server) && !c.InsecureSkipVerify }

func (c Config) allVerified() bool {
	return len(c.Servers) > 0 && !slices.ContainsFunc(c.Servers, func(s string) bool { return !c.verified(s) })
}
