package ldap

import (
	"cmp"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"
)

// The values of ldap.schema.
const (
	schemaRFC2307 = "rfc2307"
	schemaAD      = "active-directory"
	schemaFreeIPA = "freeipa"
)

// ruleInChain is Active Directory's LDAP_MATCHING_RULE_IN_CHAIN: the server
// itself goes up through groups in groups (MS-ADTS section 3.1.1.3.4.4.3).
const ruleInChain = "1.2.840.113556.1.4.1941"

// preset is what a schema says where the configuration is silent.
type preset struct{ userFilter, usernameAttribute, groupFilter string }

var presets = map[string]preset{
	schemaRFC2307: {"(uid={username})", "uid", "(member={dn})"},
	schemaFreeIPA: {"(&(objectClass=posixAccount)(uid={username}))", "uid", "(member={dn})"},
	schemaAD: {
		"(&(objectCategory=person)(objectClass=user)(|(sAMAccountName={account})(userPrincipalName={username})))",
		"sAMAccountName", "(member={dn})",
	},
}

// Resolved returns c with the schema's values for the keys that are empty.
func (c Config) Resolved() Config {
	p := presets[c.Schema]
	if c.Schema == schemaAD && c.NestedGroups {
		p.groupFilter = "(member:" + ruleInChain + ":={dn})"
	}
	c.UserFilter = cmp.Or(c.UserFilter, p.userFilter)
	c.UsernameAttribute = cmp.Or(c.UsernameAttribute, p.usernameAttribute)
	c.GroupFilter = cmp.Or(c.GroupFilter, p.groupFilter)
	return c
}

// account is the name without its domain, as Active Directory's users write
// it: DOMAIN\ada, and ada@example.org where that is the domain of base_dn. A
// name in another domain stays whole, so that it is found by userPrincipalName
// or not at all. Elsewhere a name has no such parts.
func (c Config) account(typed string) string {
	if c.Schema != schemaAD {
		return typed
	}
	if domain, name, ok := strings.Cut(typed, `\`); ok && domain != "" && name != "" {
		return name
	}
	at := strings.LastIndexByte(typed, '@')
	if at <= 0 || at == len(typed)-1 || fold(typed[at+1:]) != fold(domainName(c.BaseDN)) {
		return typed
	}
	return typed[:at]
}

// domainDN is the part of a DN that names the domain: its last dc's, RFC 2247.
func domainDN(dn string) string {
	parsed, err := goldap.ParseDN(dn)
	if err != nil {
		return ""
	}
	from := len(parsed.RDNs)
	for from > 0 && isDomainComponent(parsed.RDNs[from-1]) {
		from--
	}
	return (&goldap.DN{RDNs: parsed.RDNs[from:]}).String()
}

// domainName is the same as a DNS name: example.org.
func domainName(dn string) string {
	parsed, err := goldap.ParseDN(domainDN(dn))
	if err != nil {
		return ""
	}
	labels := make([]string, len(parsed.RDNs))
	for i, rdn := range parsed.RDNs {
		labels[i] = rdn.Attributes[0].Value
	}
	return strings.Join(labels, ".")
}

func isDomainComponent(rdn *goldap.RelativeDN) bool {
	return len(rdn.Attributes) == 1 && strings.EqualFold(rdn.Attributes[0].Type, "dc")
}
