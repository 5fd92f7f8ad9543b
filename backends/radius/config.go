package radius

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// What the keys may hold. One attribute carries at most 253 bytes (RFC 2865 section 5).
const (
	minTimeout   = 100 * time.Millisecond
	maxTimeout   = 30 * time.Second
	maxRetries   = 10
	maxAttribute = 253
)

// Config is the section [radius].
type Config struct {
	// Servers are asked in this order, each "host" or "host:port" over UDP,
	// without a port 1812, or "radsec://host" or "radsec://host:port" over TLS,
	// without a port 2083. An IPv6 address stands in brackets. Of
	// a name with several addresses the next one is asked where nobody is at the
	// first.
	Servers []string `toml:"servers"`
	// SecretFile holds the secret shared with the servers that are asked over
	// UDP; RFC 2865 section 3 prefers 16 bytes or more.
	SecretFile string `toml:"secret_file" path:"input"`
	// RadSecSecretFile holds the secret shared with radsec:// servers where it is
	// not "radsec", as RFC 6614 section 2.3 has it. RADIUS/1.1 has none.
	RadSecSecretFile string `toml:"radsec_secret_file" path:"input"`
	// CAFile holds the PEM certificates to trust in place of the system's; this
	// and what follows is about radsec:// servers.
	CAFile string `toml:"ca_file" path:"input"`
	// ServerName is what every server's certificate must be for, in place of
	// its host in Servers.
	ServerName string `toml:"server_name"`
	// MinTLSVersion is "1.2" or "1.3".
	MinTLSVersion string `toml:"min_tls_version"`
	// SPKIPins are SHA-256 hashes in base64 of public keys (RFC 7469 section
	// 2.4); one of them must be in the chain that was verified.
	SPKIPins []string `toml:"spki_pins"`
	// ClientCertFile and ClientKeyFile, in PEM, are how the servers know us.
	ClientCertFile string `toml:"client_cert_file" path:"input"`
	ClientKeyFile  string `toml:"client_key_file" path:"input"`
	// InsecureSkipVerify takes any certificate for the server's.
	InsecureSkipVerify bool `toml:"insecure_skip_verify"`
	// Protocol says how the password travels: "pap", "chap" or "mschapv2".
	Protocol string `toml:"protocol"`
	// PasswordFormat makes the one password of what the user typed and the code
	// that came along, "{password}{code}", for servers that want both in one.
	PasswordFormat string `toml:"password_format"`
	// ShowReplyMessage lets the user read the Reply-Message of a refusal. It may
	// tell a stranger more than "wrong user name, password or code" does.
	ShowReplyMessage bool `toml:"show_reply_message"`
	// NASIdentifier is how the servers' policies know this host, 1 to 253 bytes.
	NASIdentifier string `toml:"nas_identifier"`
	// Attributes are sent with every request, each "Name=value", also in place
	// of what would be sent otherwise. The names are a closed list.
	Attributes []string `toml:"attributes"`
	// RequireMessageAuthenticator drops answers that carry no
	// Message-Authenticator. A wrong one is dropped either way.
	RequireMessageAuthenticator bool `toml:"require_message_authenticator"`
	// InsecureNoMessageAuthenticator names those of Servers for which that is given
	// up alone, until they are updated.
	InsecureNoMessageAuthenticator []string `toml:"insecure_no_message_authenticator"`
	// Push says that the servers ask users on their phones: a server that may have
	// received a request is the last one that is asked.
	Push bool `toml:"push"`
	// Timeout is how long each try waits, 100ms to 30s; over TLS, how long a
	// connection takes to be made, and after which a Status-Server asks whether
	// a server that owes an answer is still there. One that answers none of
	// those has twice as long for the answer that it owes.
	Timeout time.Duration `toml:"timeout"`
	// Retries is how often the packet is sent again before the next server is
	// asked, 0 to 10. Over TLS nothing is sent again on a connection: the answer
	// may take as long as all tries together.
	Retries int `toml:"retries"`
}

// DefaultConfig has every key that can have a default.
func DefaultConfig() Config {
	return Config{
		Protocol:                    protocolPAP,
		PasswordFormat:              placePassword,
		NASIdentifier:               "ovpn-verify",
		RequireMessageAuthenticator: true,
		MinTLSVersion:               "1.2",
		Timeout:                     3 * time.Second,
		Retries:                     2,
	}
}

// Validate returns every fault, each beginning with its key.
func (c Config) Validate() error {
	faults := append(c.serverFaults(), c.secretFaults()...)
	if err := c.tls().Validate(); err != nil {
		faults = append(faults, err)
	}
	if !slices.Contains([]string{protocolPAP, protocolCHAP, protocolMSCHAP}, c.Protocol) {
		faults = append(faults, fmt.Errorf(`radius.protocol must be "pap", "chap" or "mschapv2", not %q`, c.Protocol))
	}
	if err := formatFault(c.PasswordFormat); err != nil {
		faults = append(faults, fmt.Errorf("radius.password_format %w, not %q", err, c.PasswordFormat))
	}
	if n := len(c.NASIdentifier); n < 1 || n > maxAttribute {
		faults = append(faults, fmt.Errorf("radius.nas_identifier must be 1 to %d bytes long, not %d", maxAttribute, n))
	} else if !printable(c.NASIdentifier) {
		faults = append(faults, fmt.Errorf("radius.nas_identifier must be text without control characters, not %q", c.NASIdentifier))
	}
	_, attributeFaults := parseConstants(c.Attributes)
	faults = append(faults, attributeFaults...)
	faults = append(faults, c.insecureFaults()...)
	if c.Timeout < minTimeout || c.Timeout > maxTimeout {
		faults = append(faults, fmt.Errorf("radius.timeout must be between %v and %v, not %v", minTimeout, maxTimeout, c.Timeout))
	}
	if c.Retries < 0 || c.Retries > maxRetries {
		faults = append(faults, fmt.Errorf("radius.retries must be between 0 and %d, not %d", maxRetries, c.Retries))
	}
	return errors.Join(faults...)
}

func (c Config) serverFaults() []error {
	if len(c.Servers) == 0 {
		return []error{errors.New(`radius.servers must name at least one "host:port" or "radsec://host:port"`)}
	}
	var faults []error
	var seen []string
	for _, s := range c.Servers {
		server, err := parseServer(s)
		switch {
		case err != nil:
			faults = append(faults, fmt.Errorf("radius.servers must be \"host:port\" or \"radsec://host:port\" with IPv6 addresses in brackets, not %q: %w", s, err))
		case slices.Contains(seen, server):
			faults = append(faults, fmt.Errorf("radius.servers must name a server once, not %q again", server))
		}
		seen = append(seen, server)
	}
	return faults
}

// insecureFaults wants each of them to be one of the servers, or else a
// weakening would stay behind that nobody needs.
func (c Config) insecureFaults() []error {
	var faults []error
	for _, s := range c.InsecureNoMessageAuthenticator {
		if server, err := parseServer(s); err != nil || !slices.Contains(c.addresses(), server) {
			faults = append(faults, fmt.Errorf("radius.insecure_no_message_authenticator must name some of radius.servers, not %q", s))
		}
	}
	return faults
}

// addresses are the servers in the form of parseServer, without those at fault.
func (c Config) addresses() []string {
	var all []string
	for _, s := range c.Servers {
		if server, err := parseServer(s); err == nil {
			all = append(all, server)
		}
	}
	return all
}

// requiresMessageAuthenticator tells whether an answer of server, in the form of
// parseServer, has to carry one.
func (c Config) requiresMessageAuthenticator(server string) bool {
	exempt := slices.ContainsFunc(c.InsecureNoMessageAuthenticator, func(s string) bool {
		exempted, err := parseServer(s)
		return err == nil && exempted == server
	})
	return c.RequireMessageAuthenticator && !exempt
}
