package ldap

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	minTimeout = 100 * time.Millisecond
	maxTimeout = 30 * time.Second
)

// Config is the [ldap] section.
type Config struct {
	// URLs of the servers, tried in this order: ldaps://, ldap:// or
	// ldapi:// (the socket's path, percent-encoded, in the host's place), or
	// srv:// and a domain, for the ldap:// servers that its SRV records name.
	URLs []string `toml:"urls"`
	// StartTLS makes every ldap:// connection encrypted before anything else
	// is sent on it (RFC 4511 section 4.14). There is no way back to plain.
	StartTLS bool `toml:"start_tls"`
	// CAFile holds the PEM certificates to trust in place of the system's.
	CAFile string `toml:"ca_file" path:"input"`
	// ServerName is what every server's certificate must be for, in place of
	// the host in its URL.
	ServerName string `toml:"server_name"`
	// MinTLSVersion is "1.2" or "1.3".
	MinTLSVersion string `toml:"min_tls_version"`
	// SPKIPins are SHA-256 hashes in base64 of public keys (RFC 7469 section
	// 2.4); one of them must be in the chain that was verified.
	SPKIPins []string `toml:"spki_pins"`
	// ClientCertFile and ClientKeyFile, in PEM, are shown to servers that ask.
	ClientCertFile string `toml:"client_cert_file" path:"input"`
	ClientKeyFile  string `toml:"client_key_file" path:"input"`
	// InsecurePlaintext permits passwords to cross a network unencrypted.
	InsecurePlaintext bool `toml:"insecure_plaintext"`
	// InsecureSkipVerify takes any certificate for the server's.
	InsecureSkipVerify bool `toml:"insecure_skip_verify"`
	// Schema is the kind of directory, "rfc2307", "active-directory" or
	// "freeipa": it says what the filters and username_attribute are where they
	// are empty, and whether names have a domain and users a primary group.
	Schema string `toml:"schema"`
	// BindDN is the service account that searches; empty: anonymous.
	BindDN string `toml:"bind_dn"`
	// BindPasswordFile holds its password.
	BindPasswordFile string `toml:"bind_password_file" path:"input"`
	// BindExternal has the service account known by SASL EXTERNAL: by this
	// process's user id over ldapi://, by the client certificate over TLS.
	BindExternal bool `toml:"bind_external"`
	// BindTemplate makes a user's DN of the name typed, for {username}, escaped
	// (RFC 4514 section 2.4), where there is no account to search with. The
	// user's own connection then reads the entry and its groups.
	BindTemplate string `toml:"bind_template"`
	// BaseDN is the subtree that holds the users; not used with BindTemplate.
	BaseDN string `toml:"base_dn"`
	// UserFilter finds the user's one entry; {username} stands for what was
	// typed, {account} for it without its domain (in "active-directory"), both
	// escaped (RFC 4515 section 3).
	UserFilter string `toml:"user_filter"`
	// UsernameAttribute of the entry gives the identity its spelling.
	UsernameAttribute string `toml:"username_attribute"`
	// RequiredGroups are DNs; the user must be in any of them. Empty: everyone.
	RequiredGroups []string `toml:"required_groups"`
	// GroupBaseDN is the subtree to search for groups; empty: memberOf tells.
	GroupBaseDN string `toml:"group_base_dn"`
	// GroupFilter finds the user's groups; {dn} stands for the entry's DN and
	// {username} for the identity's spelling, both escaped.
	GroupFilter string `toml:"group_filter"`
	// NestedGroups counts membership in a group that is in another for that
	// other as well.
	NestedGroups bool `toml:"nested_groups"`
	// Timeout is what one server gets, from the first packet to the verdict:
	// 100ms to 30s.
	Timeout time.Duration `toml:"timeout"`
}

// DefaultConfig returns what holds where the section is silent; see Resolved
// for the keys that depend on the schema.
func DefaultConfig() Config {
	return Config{Schema: schemaRFC2307, MinTLSVersion: "1.2", Timeout: 5 * time.Second}
}

// Validate returns every fault, joined; each begins with the key it is about.
func (c Config) Validate() error {
	var schema error
	if _, known := presets[c.Schema]; !known {
		schema = fmt.Errorf(`ldap.schema must be "rfc2307", "active-directory" or "freeipa", not %q`, c.Schema)
		c.Schema = schemaRFC2307
	}
	c = c.Resolved()
	return errors.Join(
		schema,
		c.checkURLs(),
		c.checkStartTLS(),
		c.tls().Validate(),
		c.checkServiceAccount(),
		c.checkBases(),
		c.checkFilters(),
		c.checkNested(),
		c.checkTimeout(),
	)
}

// Warnings names the weakenings that are switched on.
func (c Config) Warnings() []string {
	var w []string
	if c.InsecurePlaintext {
		w = append(w, "ldap.insecure_plaintext is on: passwords may cross the network unencrypted")
	}
	if c.InsecureSkipVerify {
		w = append(w, "ldap.insecure_skip_verify is on: any certificate is taken for the directory's, so anybody on the way can read passwords")
	}
	return w
}

func (c Config) checkURLs() error {
	if len(c.URLs) == 0 {
		return errors.New(`ldap.urls must name at least one server, such as "ldaps://dc1.example.org", not none`)
	}
	var faults []error
	for _, u := range c.URLs {
		e, err := parseURL(u)
		switch {
		case err != nil:
			faults = append(faults, fmt.Errorf("ldap.urls must be like ldaps://HOST, ldap://HOST, srv://DOMAIN or ldapi://%%2FPATH, not %q: %w", u, err))
		case e.crossesNetworkInClear() && !c.StartTLS && !c.InsecurePlaintext:
			faults = append(faults, fmt.Errorf("ldap.urls must be ldaps:// unless ldap.start_tls or ldap.insecure_plaintext is on, not %q", u))
		}
	}
	return errors.Join(faults...)
}

func (c Config) checkStartTLS() error {
	plain := func(u string) bool {
		e, err := parseURL(u)
		return err != nil || e.scheme == schemeLDAP || e.scheme == schemeSRV
	}
	if c.StartTLS && !slices.ContainsFunc(c.URLs, plain) {
		return errors.New("ldap.start_tls must be false when none of ldap.urls is ldap://, not true")
	}
	return nil
}

func (c Config) checkBases() error {
	var faults []error
	if c.BindTemplate == "" || c.BaseDN != "" {
		faults = append(faults, checkDN("ldap.base_dn", c.BaseDN))
	}
	if c.GroupBaseDN != "" {
		faults = append(faults, checkDN("ldap.group_base_dn", c.GroupBaseDN))
	}
	for _, g := range c.RequiredGroups {
		faults = append(faults, checkDN("ldap.required_groups", g))
	}
	return errors.Join(faults...)
}

func checkDN(key, dn string) error {
	if _, err := canonicalDN(dn); err != nil {
		return fmt.Errorf("%s must be a DN such as \"ou=people,dc=example,dc=org\" (RFC 4514), not %q: %w", key, dn, err)
	}
	return nil
}

// attributeName is an attribute's short name or OID, RFC 4512 section 1.4;
// no options, which would be another attribute to the comparison of names.
var attributeName = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^([A-Za-z][A-Za-z0-9-]*|[0-9]+(\.[0-9]+)+)$`)
})

func (c Config) checkFilters() error {
	var faults []error
	if err := checkFilter(c.UserFilter, placeUsername, placeAccount); err != nil {
		faults = append(faults, fmt.Errorf("ldap.user_filter must be a filter such as \"(uid={username})\" (RFC 4515), not %q: %w", c.UserFilter, err))
	}
	if err := checkFilter(c.GroupFilter, placeDN, placeUsername); err != nil {
		faults = append(faults, fmt.Errorf("ldap.group_filter must be a filter such as \"(member={dn})\" (RFC 4515), not %q: %w", c.GroupFilter, err))
	}
	if !attributeName().MatchString(c.UsernameAttribute) {
		faults = append(faults, fmt.Errorf("ldap.username_attribute must be an attribute's name such as \"uid\", not %q", c.UsernameAttribute))
	}
	return errors.Join(faults...)
}

func (c Config) checkNested() error {
	if c.NestedGroups && !strings.Contains(c.GroupFilter, placeDN) {
		return fmt.Errorf("ldap.nested_groups must be false when ldap.group_filter does not contain {dn}, not true: %q finds no groups of groups", c.GroupFilter)
	}
	return nil
}

func (c Config) checkTimeout() error {
	if c.Timeout < minTimeout || c.Timeout > maxTimeout {
		return fmt.Errorf("ldap.timeout must be between %v and %v, not %v", minTimeout, maxTimeout, c.Timeout)
	}
	return nil
}
