package ldap

import "testing"

const templateMust = `ldap.bind_template must be a DN such as "uid={username},ou=people,dc=example,dc=org" (RFC 4514), not `

func TestFaultsOfTheAccount(t *testing.T) {
	none := func(c *Config) { c.BindDN, c.BindPasswordFile = "", "" }
	template := func(text string) func(*Config) {
		return func(c *Config) { none(c); c.BindTemplate = text }
	}
	for want, change := range map[string]func(*Config){
		templateMust + `"uid=%s,dc=org": it does not contain {username}`:                          template("uid=%s,dc=org"),
		templateMust + `"uid={username},dc={domain}": nothing but {username} may stand in braces`: template("uid={username},dc={domain}"),
		templateMust + `"{username}=a,dc=org": {username} must stand after a =`:                   template("{username}=a,dc=org"),
		templateMust + `"{username}@example.org": DN ended with incomplete type, value pair`:      template("{username}@example.org"),
		"ldap.bind_external must be false with ldap.bind_template, not true: the users read their own entries": func(c *Config) {
			template("uid={username}")(c)
			c.BindExternal = true
		},
		`ldap.bind_dn must be empty with ldap.bind_template, not "cn=vpn,dc=example,dc=org"` + "\n" +
			`ldap.bind_password_file must be empty with ldap.bind_template, not "/etc/ldap.secret"`: func(c *Config) { c.BindTemplate = "uid={username}" },
		`ldap.bind_external must be false unless every one of ldap.urls is ldapi:// or there is an ldap.client_cert_file, not true with "ldaps://dc1"`: func(c *Config) {
			none(c)
			c.BindExternal, c.URLs = true, []string{"ldapi://%2Frun%2Fldapi", "ldaps://dc1"}
		},
	} {
		c := validConfig()
		change(&c)
		if err := c.Validate(); err == nil || err.Error() != want {
			t.Errorf("%v\nwant %s", err, want)
		}
	}
	for _, change := range []func(*Config){
		func(c *Config) { none(c); c.BindTemplate, c.BaseDN = "uid={username}+cn=x,dc=org", "" },
		func(c *Config) { none(c); c.BindExternal, c.URLs = true, []string{"ldapi://%2Frun%2Fldapi"} },
	} {
		c := validConfig()
		change(&c)
		if err := c.Validate(); err != nil {
			t.Error(err)
		}
	}
}
