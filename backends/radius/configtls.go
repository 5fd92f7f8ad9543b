package radius

import (
	"errors"
	"slices"

	"ovpn-verify/backends/radius/radsec"
	"ovpn-verify/backends/tlsclient"
)

// tls is what the section says of TLS.
func (c Config) tls() tlsclient.Settings {
	return tlsclient.Settings{
		Section: "radius", ServersKey: "servers",
		CAFile: c.CAFile, ServerName: c.ServerName, MinTLSVersion: c.MinTLSVersion, SPKIPins: c.SPKIPins,
		ClientCertFile: c.ClientCertFile, ClientKeyFile: c.ClientKeyFile, InsecureSkipVerify: c.InsecureSkipVerify,
		Protocols: radsec.Protocols,
	}
}

// OverTLS tells whether any of the servers is asked over TLS.
func (c Config) OverTLS() bool { return slices.ContainsFunc(c.addresses(), isRadSec) }

// secretFaults: a file of a secret that would not be used is a mistake about
// which secret is.
func (c Config) secretFaults() []error {
	overTLS := c.OverTLS()
	overUDP := slices.ContainsFunc(c.addresses(), func(s string) bool { return !isRadSec(s) })
	var faults []error
	switch {
	case c.SecretFile == "" && (overUDP || !overTLS):
		faults = append(faults, errors.New("radius.secret_file must name the file with the shared secret"))
	case c.SecretFile != "" && overTLS && !overUDP:
		faults = append(faults, errors.New(`radius.secret_file must be empty when all of radius.servers are radsec://: their secret is "radsec", or in radius.radsec_secret_file`))
	}
	if c.RadSecSecretFile != "" && !overTLS {
		faults = append(faults, errors.New("radius.radsec_secret_file must be empty when none of radius.servers is radsec://"))
	}
	return faults
}
