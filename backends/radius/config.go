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
	// Servers are asked in this order, each "host" or "host:port"; without a
	// port it is 1812. An IPv6 address stands in brackets. Of a name that has
	// several addresses only the first that the resolver gives is asked.
	Servers []string `toml:"servers"`
	// SecretFile holds the shared secret; RFC 2865 section 3 prefers 16 bytes or more.
	SecretFile string `toml:"secret_file" path:"input"`
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
	// Timeout is how long each try waits, 100ms to 30s.
	Timeout time.Duration `toml:"timeout"`
	// Retries is how often the packet is sent again before the next server is asked, 0 to 10.
	Retries int `toml:"retries"`
}

// DefaultConfig has every key that can have a default.
func DefaultConfig() Config {
	return Config{
		Protocol:                    protocolPAP,
		PasswordFormat:              placePassword,
		NASIdentifier:               "ovpn-verify",
		RequireMessageAuthenticator: true,
		Timeout:                     3 * time.Second,
		Retries:                     2,
	}
}

// Validate returns every fault, each beginning with its key.
func (c Config) Validate() error {
	faults := c.serverFaults()
	if c.SecretFile == "" {
		faults = append(faults, errors.New("radius.secret_file must name the file with the shared secret"))
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
		return []error{errors.New(`radius.servers must name at least one "host:port"`)}
	}
	var faults []error
	var seen []string
	for _, s := range c.Servers {
		server, err := parseServer(s)
		switch {
		case err != nil:
			faults = append(faults, fmt.Errorf("radius.servers must be \"host:port\" with IPv6 addresses in brackets, not %q: %w", s, err))
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

// Warnings names the weakenings that are switched on.
func (c Config) Warnings() []string {
	const danger = "whoever can change packets between here and the server can turn its refusals into accepts (CVE-2024-3596)"
	switch {
	case !c.RequireMessageAuthenticator:
		return []string{"radius.require_message_authenticator = false: " + danger}
	case len(c.InsecureNoMessageAuthenticator) > 0:
		return []string{fmt.Sprintf("radius.insecure_no_message_authenticator = %q: %s", c.InsecureNoMessageAuthenticator, danger)}
	default:
		return nil
	}
}
