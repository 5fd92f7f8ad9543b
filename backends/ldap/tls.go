package ldap

import "ovpn-verify/backends/tlsclient"

// tls is what the section says of TLS.
func (c Config) tls() tlsclient.Settings {
	return tlsclient.Settings{
		Section: "ldap", ServersKey: "urls",
		CAFile: c.CAFile, ServerName: c.ServerName, MinTLSVersion: c.MinTLSVersion, SPKIPins: c.SPKIPins,
		ClientCertFile: c.ClientCertFile, ClientKeyFile: c.ClientKeyFile, InsecureSkipVerify: c.InsecureSkipVerify,
	}
}
