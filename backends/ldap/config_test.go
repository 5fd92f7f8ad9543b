package ldap

import (
	"encoding/pem"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

func validConfig() Config {
	c := DefaultConfig()
	c.URLs = []string{"ldaps://dc1.example.org", "ldaps://dc2.example.org:3269/"}
	c.BindDN, c.BindPasswordFile = "cn=vpn,dc=example,dc=org", "/etc/ldap.secret"
	c.BaseDN = "ou=people,dc=example,dc=org"
	return c
}

func TestValidConfigs(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"as it is":            func(*Config) {},
		"anonymous":           func(c *Config) { c.BindDN, c.BindPasswordFile = "", "" },
		"StartTLS":            func(c *Config) { c.URLs, c.StartTLS = []string{"ldap://dc1.example.org", "ldaps://dc2"}, true },
		"plaintext, insisted": func(c *Config) { c.URLs, c.InsecurePlaintext = []string{"ldap://dc1.example.org"}, true },
		"this host": func(c *Config) {
			c.URLs = []string{"ldap://127.0.0.1", "ldap://127.3.2.1:3389", "ldap://[::1]:389", "ldap://localhost", "ldapi://%2Frun%2Fslapd%2Fldapi"}
		},
		"groups": func(c *Config) {
			c.RequiredGroups, c.GroupBaseDN = []string{`cn=a\,b,dc=x`, "cn=c"}, "ou=groups,dc=x"
			c.GroupFilter, c.UsernameAttribute = "(memberUid={username})", "0.9.2342.19200300.100.1.1"
		},
		"shortest": func(c *Config) { c.Timeout = 100 * time.Millisecond },
		"longest":  func(c *Config) { c.Timeout = 30 * time.Second },
	} {
		c := validConfig()
		change(&c)
		if err := c.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

const (
	urlsMust = "ldap.urls must be like ldaps://HOST, ldap://HOST, srv://DOMAIN or ldapi://%2FPATH, not "
	tlsMust  = "ldap.urls must be ldaps:// unless ldap.start_tls or ldap.insecure_plaintext is on, not "
	aDN      = ` must be a DN such as "ou=people,dc=example,dc=org" (RFC 4514), not `
	socket   = "percent-encoded, such as ldapi://%2Frun%2Fslapd%2Fldapi"
)

func one(url string) func(*Config) { return func(c *Config) { c.URLs = []string{url} } }

var faults = map[string]func(*Config){
	`ldap.urls must name at least one server, such as "ldaps://dc1.example.org", not none`: func(c *Config) { c.URLs = nil },

	urlsMust + `"dc1.example.org": the scheme is ""`:                             one("dc1.example.org"),
	urlsMust + `"https://dc1": the scheme is "https"`:                            one("https://dc1"),
	urlsMust + `"ldaps://:636": there is no host`:                                one("ldaps://:636"),
	urlsMust + `"ldaps://dc1:0": the port is "0"`:                                one("ldaps://dc1:0"),
	urlsMust + `"ldaps://dc1:65536": the port is "65536"`:                        one("ldaps://dc1:65536"),
	urlsMust + `"ldaps://dc1/dc=org": there is more than a host and a port`:      one("ldaps://dc1/dc=org"),
	urlsMust + `"ldaps://me@dc1": there is more than a host and a port`:          one("ldaps://me@dc1"),
	urlsMust + `"ldaps://dc1?uid": there is more than a host and a port`:         one("ldaps://dc1?uid"),
	urlsMust + `"ldaps://dc 1": it is not a URL`:                                 one("ldaps://dc 1"),
	urlsMust + `"ldapi://run": the socket's path must be absolute and ` + socket: one("ldapi://run"),
	urlsMust + `"ldapi://": the socket's path must be absolute and ` + socket:    one("ldapi://"),

	tlsMust + `"ldap://dc1.example.org"`:        one("ldap://dc1.example.org"),
	tlsMust + `"ldap://10.0.0.1"`:               one("ldap://10.0.0.1"),
	tlsMust + `"ldap://127.1"`:                  one("ldap://127.1"),
	tlsMust + `"ldap://localhost.example.org"`:  one("ldap://localhost.example.org"),
	tlsMust + `"ldap://127.0.0.1.example.org/"`: one("ldap://127.0.0.1.example.org/"),
	tlsMust + `"ldap://[fe80::1]"`:              one("ldap://[fe80::1]"),

	"ldap.start_tls must be false when none of ldap.urls is ldap://, not true":                              func(c *Config) { c.StartTLS = true },
	`ldap.bind_password_file must be empty when ldap.bind_dn is (anonymous search), not "/etc/ldap.secret"`: func(c *Config) { c.BindDN = "" },
	`ldap.bind_password_file must name the file with the password of ldap.bind_dn, not ""`:                  func(c *Config) { c.BindPasswordFile = "" },
	"ldap.bind_dn" + aDN + `"vpn": DN ended with incomplete type, value pair`:                               func(c *Config) { c.BindDN = "vpn" },
	"ldap.base_dn" + aDN + `"": it is empty`:                                                                func(c *Config) { c.BaseDN = "" },
	"ldap.base_dn" + aDN + `"dc=example,org": DN ended with incomplete type, value pair`:                    func(c *Config) { c.BaseDN = "dc=example,org" },
	"ldap.group_base_dn" + aDN + `" ": it is empty`:                                                         func(c *Config) { c.GroupBaseDN = " " },
	"ldap.required_groups" + aDN + `"vpn": DN ended with incomplete type, value pair`:                       func(c *Config) { c.RequiredGroups = []string{"cn=a", "vpn"} },
	"ldap.required_groups" + aDN + `"": it is empty`:                                                        func(c *Config) { c.RequiredGroups = []string{""} },
	"ldap.required_groups" + aDN + `"cn=\\ff": a value in it is not UTF-8`:                                  func(c *Config) { c.RequiredGroups = []string{`cn=\ff`} },
	`ldap.schema must be "rfc2307", "active-directory" or "freeipa", not ""`:                                func(c *Config) { c.Schema = "" },
	"ldap.nested_groups must be false when ldap.group_filter does not contain {dn}, not true: " +
		`"(memberUid={username})" finds no groups of groups`: func(c *Config) { c.NestedGroups, c.GroupFilter = true, "(memberUid={username})" },
	`ldap.username_attribute must be an attribute's name such as "uid", not "uid;lang-en"`:                                                 func(c *Config) { c.UsernameAttribute = "uid;lang-en" },
	`ldap.user_filter must be a filter such as "(uid={username})" (RFC 4515), not "(uid=%s)": it does not contain {username} or {account}`: func(c *Config) { c.UserFilter = "(uid=%s)" },
	`ldap.group_filter must be a filter such as "(member={dn})" (RFC 4515), not "(a={user})": it does not contain {dn} or {username}`:      func(c *Config) { c.GroupFilter = "(a={user})" },
	"ldap.timeout must be between 100ms and 30s, not 2h0m0s":                                                                               func(c *Config) { c.Timeout = 2 * time.Hour },
	"ldap.timeout must be between 100ms and 30s, not 0s":                                                                                   func(c *Config) { c.Timeout = 0 },
}

func TestFaults(t *testing.T) {
	for want, change := range faults {
		c := validConfig()
		change(&c)
		if err := c.Validate(); err == nil || err.Error() != want {
			t.Errorf("%v\nwant %s", err, want)
		}
		if _, err := New(c); err == nil {
			t.Errorf("New takes what must be refused: %s", want)
		}
	}
}

func TestEveryFaultIsReported(t *testing.T) {
	c := Config{
		StartTLS: true, BindDN: "x", URLs: []string{"x", "ldaps://y/z"},
		UserFilter: "x", GroupFilter: "x", UsernameAttribute: "x y",
	}
	err := c.Validate()
	var keys []string
	for line := range strings.Lines(err.Error()) {
		key, _, _ := strings.Cut(line, " ")
		keys = append(keys, key)
	}
	want := []string{
		"ldap.schema", "ldap.urls", "ldap.urls", "ldap.min_tls_version", "ldap.bind_dn", "ldap.bind_password_file", "ldap.base_dn",
		"ldap.user_filter", "ldap.group_filter", "ldap.username_attribute", "ldap.timeout",
	}
	if !slices.Equal(keys, want) {
		t.Errorf("faults of %q, want %q", keys, want)
	}
}

func TestWarnings(t *testing.T) {
	if w := validConfig().Warnings(); len(w) != 0 {
		t.Errorf("%q", w)
	}
	w := Config{InsecurePlaintext: true, InsecureSkipVerify: true}.Warnings()
	if len(w) != 2 || !strings.HasPrefix(w[0], "ldap.insecure_plaintext is on") || !strings.HasPrefix(w[1], "ldap.insecure_skip_verify is on") {
		t.Errorf("%q", w)
	}
}

func TestNewReadsItsFiles(t *testing.T) {
	good := writeFile(t, "good", []byte("x"))
	bad := writeFile(t, "bad", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")}))
	loose := writeFile(t, "loose", []byte("x"))
	if err := os.Chmod(loose, 0o666); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ password, ca, want string }{
		"no password file":      {good + "x", "", "ldap.bind_password_file: open"},
		"password others read":  {loose, "", "mend it with: chmod"},
		"password with a NUL":   {writeFile(t, "nul", []byte("a\x00b\n")), "", "has a NUL in it"},
		"no CA file":            {good, good + "x", "ldap.ca_file: open"},
		"CA file others write":  {good, loose, "mend it with: chmod"},
		"CA file without any":   {good, good, "has no certificate in PEM"},
		"CA file of a bad one":  {good, bad, "has no certificate in PEM that can be read: x509: "},
		"both faults at a time": {good + "x", good, "no certificate in PEM\nldap.bind_password_file"},
	} {
		config := validConfig()
		config.BindPasswordFile, config.CAFile = c.password, c.ca
		if _, err := New(config); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
