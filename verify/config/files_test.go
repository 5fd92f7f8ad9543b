package config_test

import (
	"testing"

	"ovpn-verify/verify/config"
)

func TestSystemRootsAreForTLSWithoutAnAuthority(t *testing.T) {
	for name, c := range map[string]struct {
		set  func(*config.Config)
		want bool
	}{
		"users file":             {func(c *config.Config) { c.Login.Backend = "file" }, false},
		"LDAP":                   {func(c *config.Config) { c.Login.Backend = "ldap" }, true},
		"LDAP with an authority": {func(c *config.Config) { c.Login.Backend, c.LDAP.CAFile = "ldap", "/ca.pem" }, false},
		"RADIUS":                 {func(c *config.Config) { c.Login.Backend, c.RADIUS.Servers = "radius", []string{"r"} }, false},
		"RadSec":                 {func(c *config.Config) { c.Login.Backend, c.RADIUS.Servers = "radius", []string{"r", "radsec://r"} }, true},
		"RadSec with an authority": {func(c *config.Config) {
			c.Login.Backend, c.RADIUS.Servers, c.RADIUS.CAFile = "radius", []string{"radsec://r"}, "/ca.pem"
		}, false},
	} {
		configured := config.Default()
		c.set(&configured)
		if got := configured.SystemRoots(); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
