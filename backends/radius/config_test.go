package radius

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestConfigFaults(t *testing.T) {
	const needAttribute = `radius.attributes must be "Name=value" with one of the names Called-Station-Id, Connect-Info, Framed-Protocol, ` +
		`NAS-IP-Address, NAS-IPv6-Address, NAS-Port, NAS-Port-Id, NAS-Port-Type, Service-Type, not `
	const needOurs = `radius.insecure_no_message_authenticator must name some of radius.servers, not `
	const needFormat = `radius.password_format must be "{password}", or hold {password} and {code} once each and no other braces, not `
	const needServer = `radius.servers must be "host:port" or "radsec://host:port" with IPv6 addresses in brackets, not `
	for name, c := range map[string]struct {
		change func(*Config)
		want   string
	}{
		"none":                 {func(*Config) {}, ""},
		"no servers":           {func(c *Config) { c.Servers = nil }, `radius.servers must name at least one "host:port" or "radsec://host:port"`},
		"empty server":         {func(c *Config) { c.Servers = []string{""} }, needServer + `"": the host must be 1 to 253 bytes long`},
		"URL":                  {func(c *Config) { c.Servers = []string{"udp://r"} }, needServer + `"udp://r": "//r" is not a port`},
		"port 0":               {func(c *Config) { c.Servers = []string{"r:0"} }, needServer + `"r:0": "0" is not a port`},
		"port too high":        {func(c *Config) { c.Servers = []string{"r:65536"} }, needServer + `"r:65536": "65536" is not a port`},
		"bare IPv6":            {func(c *Config) { c.Servers = []string{"2001:db8::1"} }, needServer + `"2001:db8::1": address 2001:db8::1: too many colons in address`},
		"bracketed":            {func(c *Config) { c.Servers = []string{"[r]:1812"} }, needServer + `"[r]:1812": "r" is not an IPv6 address`},
		"two in one":           {func(c *Config) { c.Servers = []string{"r1, r2"} }, needServer + `"r1, r2": a host name has no ','`},
		"twice":                {func(c *Config) { c.Servers = []string{"r", "r:1812"} }, `radius.servers must name a server once, not "r:1812" again`},
		"no secret, TLS":       {func(c *Config) { c.Servers, c.SecretFile = []string{"radsec://r"}, "" }, ""},
		"both kinds":           {func(c *Config) { c.Servers = []string{"r", "radsec://r", "radsec://[::1]"} }, ""},
		"TLS twice":            {func(c *Config) { c.Servers = []string{"r", "radsec://r", "radsec://r:2083"} }, `radius.servers must name a server once, not "radsec://r:2083" again`},
		"TLS and a path":       {func(c *Config) { c.Servers = []string{"r", "radsec://r/"} }, needServer + `"radsec://r/": a host name has no '/'`},
		"unused secret":        {func(c *Config) { c.Servers = []string{"radsec://r"} }, `radius.secret_file must be empty when all of radius.servers are radsec://: their secret is "radsec", or in radius.radsec_secret_file`},
		"unused secret of TLS": {func(c *Config) { c.RadSecSecretFile = "/s" }, `radius.radsec_secret_file must be empty when none of radius.servers is radsec://`},
		"TLS version":          {func(c *Config) { c.MinTLSVersion = "1.1" }, `radius.min_tls_version must be "1.2" or "1.3", not "1.1"`},
		"key alone":            {func(c *Config) { c.ClientKeyFile = "/k" }, `radius.client_cert_file must be named together with radius.client_key_file, not one of them alone`},
		"pin":                  {func(c *Config) { c.SPKIPins = []string{"AAAA"} }, `radius.spki_pins must be SHA-256 hashes of public keys in base64, not "AAAA"`},
		"no secret":            {func(c *Config) { c.SecretFile = "" }, `radius.secret_file must name the file with the shared secret`},
		"protocol":             {func(c *Config) { c.Protocol = "mschap" }, `radius.protocol must be "pap", "chap" or "mschapv2", not "mschap"`},
		"no identifier":        {func(c *Config) { c.NASIdentifier = "" }, `radius.nas_identifier must be 1 to 253 bytes long, not 0`},
		"identifier":           {func(c *Config) { c.NASIdentifier = "a\n" }, `radius.nas_identifier must be text without control characters, not "a\n"`},
		"timeout":              {func(c *Config) { c.Timeout = 2 * time.Hour }, `radius.timeout must be between 100ms and 30s, not 2h0m0s`},
		"no timeout":           {func(c *Config) { c.Timeout = 0 }, `radius.timeout must be between 100ms and 30s, not 0s`},
		"retries":              {func(c *Config) { c.Retries = -1 }, `radius.retries must be between 0 and 10, not -1`},
		"attribute":            {func(c *Config) { c.Attributes = []string{"User-Name=x"} }, needAttribute + `"User-Name=x"`},
		"no value":             {func(c *Config) { c.Attributes = []string{"NAS-Port"} }, `radius.attributes must give NAS-Port a number of at most 32 bits, not ""`},
		"number":               {func(c *Config) { c.Attributes = []string{"NAS-Port=4294967296"} }, `radius.attributes must give NAS-Port a number of at most 32 bits, not "4294967296"`},
		"IPv4":                 {func(c *Config) { c.Attributes = []string{"NAS-IP-Address=::1"} }, `radius.attributes must give NAS-IP-Address an IPv4 address, not "::1"`},
		"IPv6":                 {func(c *Config) { c.Attributes = []string{"NAS-IPv6-Address=fe80::1%eth0"} }, `radius.attributes must give NAS-IPv6-Address an IPv6 address, not "fe80::1%eth0"`},
		"text":                 {func(c *Config) { c.Attributes = []string{"connect-info=a\n"} }, `radius.attributes must give Connect-Info a text of 1 to 253 bytes without control characters, not "a\n"`},
		"attr. twice":          {func(c *Config) { c.Attributes = []string{"NAS-Port=1", "NAS-port=2"} }, `radius.attributes must name an attribute once, not again in "NAS-port=2"`},
		"not a server":         {func(c *Config) { c.InsecureNoMessageAuthenticator = []string{"radius1.example.org:1812", "r"} }, needOurs + `"r"`},
		"no password":          {func(c *Config) { c.PasswordFormat = "{code}" }, needFormat + `"{code}"`},
		"no format":            {func(c *Config) { c.PasswordFormat = "" }, needFormat + `""`},
		"two codes":            {func(c *Config) { c.PasswordFormat = "{code}{password}{code}" }, needFormat + `"{code}{password}{code}"`},
		"text alone":           {func(c *Config) { c.PasswordFormat = "x{password}" }, needFormat + `"x{password}"`},
		"unknown place":        {func(c *Config) { c.PasswordFormat = "{password}{otp}" }, needFormat + `"{password}{otp}"`},
		"spliced place":        {func(c *Config) { c.PasswordFormat = "{pass{code}word}{password}" }, needFormat + `"{pass{code}word}{password}"`},
		"format":               {func(c *Config) { c.PasswordFormat = "{password}\n{code}" }, `radius.password_format must be at most 64 bytes of text without control characters, not "{password}\n{code}"`},
		"two faults": {func(c *Config) { c.Retries, c.Protocol = 11, "" },
			"radius.protocol must be \"pap\", \"chap\" or \"mschapv2\", not \"\"\nradius.retries must be between 0 and 10, not 11"},
	} {
		cfg := config(t, "radius1.example.org", "[2001:db8::1]:1645")
		c.change(&cfg)
		err := cfg.Validate()
		if got := text(err); got != c.want {
			t.Errorf("%s: %s\nwant: %s", name, got, c.want)
		}
		if b, again := New(cfg); text(again) != c.want || (b == nil) != (again != nil) {
			t.Errorf("%s: New: %v", name, again)
		}
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestServerForms(t *testing.T) {
	for in, want := range map[string]string{
		"radius": "radius:1812", "r_1.example.org:1645": "r_1.example.org:1645", "192.0.2.1": "192.0.2.1:1812",
		"[::1]": "[::1]:1812", "[fe80::1%eth0]:99": "[fe80::1%eth0]:99", "r:01812": "r:1812",
		"radsec://r": "radsec://r:2083", "radsec://[::1]": "radsec://[::1]:2083", "radsec://192.0.2.1:1812": "radsec://192.0.2.1:1812",
	} {
		if got, err := parseServer(in); got != want || err != nil {
			t.Errorf("%q: %q, %v; want %q", in, got, err, want)
		}
	}
}

func TestDefaults(t *testing.T) {
	want := Config{Protocol: "pap", NASIdentifier: "ovpn-verify", RequireMessageAuthenticator: true, Timeout: 3 * time.Second, Retries: 2}
	got := DefaultConfig()
	if got.Servers != nil || got.Protocol != want.Protocol || got.NASIdentifier != want.NASIdentifier || got.SecretFile != "" ||
		!got.RequireMessageAuthenticator || got.Timeout != want.Timeout || got.Retries != want.Retries {
		t.Errorf("defaults %+v", got)
	}
}

func TestWeakeningIsWarnedAbout(t *testing.T) {
	cfg := DefaultConfig()
	if w := cfg.Warnings(); len(w) != 0 {
		t.Errorf("warnings %q", w)
	}
	cfg.RequireMessageAuthenticator = false
	cfg.InsecureNoMessageAuthenticator = []string{"r"}
	if w := cfg.Warnings(); len(w) != 1 || !strings.HasPrefix(w[0], "radius.require_message_authenticator") {
		t.Errorf("warnings %q", w)
	}
}

func TestWeakeningOfOneServerIsWarnedAbout(t *testing.T) {
	cfg := DefaultConfig()
	cfg.InsecureNoMessageAuthenticator = []string{"old.example.org"}
	if w := cfg.Warnings(); len(w) != 1 || !strings.HasPrefix(w[0], `radius.insecure_no_message_authenticator = ["old.example.org"]: `) {
		t.Errorf("warnings %q", w)
	}
}

func TestSecretThatOthersMayReadIsRefused(t *testing.T) {
	cfg := config(t, "r")
	if err := os.Chmod(cfg.SecretFile, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), "chmod 0640") {
		t.Error(err)
	}
}

// Where TLS vouches for the answers, a Message-Authenticator that is not there is no weakness.
func TestWarningsOverTLS(t *testing.T) {
	for _, c := range []struct {
		servers, exempt  []string
		require, skipped bool
		want             []string
	}{
		{[]string{"radsec://r"}, []string{"radsec://r"}, true, false, nil},
		{[]string{"radsec://r"}, nil, false, false, nil},
		{[]string{"radsec://r", "u"}, nil, false, false, []string{"radius.require_message_authenticator = false: "}},
		{[]string{"radsec://r", "u"}, []string{"radsec://r", "u"}, true, false, []string{`radius.insecure_no_message_authenticator = ["u"]: `}},
		{[]string{"radsec://r"}, []string{"radsec://r"}, true, true, []string{`radius.insecure_no_message_authenticator = ["radsec://r"]: `, "radius.insecure_skip_verify is on: "}},
	} {
		cfg := DefaultConfig()
		cfg.Servers, cfg.InsecureNoMessageAuthenticator = c.servers, c.exempt
		cfg.RequireMessageAuthenticator, cfg.InsecureSkipVerify = c.require, c.skipped
		got := cfg.Warnings()
		if !slices.EqualFunc(got, c.want, strings.HasPrefix) {
			t.Errorf("%+v: warnings %q", c, got)
		}
	}
}

// UDP leaves MS-CHAPv2 to whoever listens, and everything to the secret.
func TestWarningsAboutUDP(t *testing.T) {
	for name, c := range map[string]struct {
		protocol, secret string
		servers          []string
		want             []string
	}{
		"PAP":           {"pap", sharedSecret, []string{"192.0.2.1"}, nil},
		"MS-CHAPv2":     {"mschapv2", sharedSecret, []string{"localhost", "192.0.2.1", "radsec://192.0.2.2"}, []string{`radius.protocol = "mschapv2" over UDP to ["192.0.2.1:1812"]: `}},
		"on this host":  {"mschapv2", sharedSecret, []string{"localhost", "[::1]", "127.0.0.9"}, nil},
		"over TLS":      {"mschapv2", "short", []string{"radsec://192.0.2.2"}, nil},
		"short secret":  {"pap", "fifteen bytes..", []string{"192.0.2.1"}, []string{"radius.secret_file holds fewer than 16 bytes: "}},
		"enough secret": {"pap", "sixteen bytes...", []string{"192.0.2.1"}, nil},
	} {
		cfg := config(t, c.servers...)
		cfg.Protocol = c.protocol
		if err := os.WriteFile(cfg.SecretFile, []byte(c.secret), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := cfg.Warnings(); !slices.EqualFunc(got, c.want, strings.HasPrefix) || strings.Contains(strings.Join(got, ""), c.secret) {
			t.Errorf("%s: warnings %q", name, got)
		}
	}
}
