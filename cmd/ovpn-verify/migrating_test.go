package main

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"

	"ovpn-verify/verify/openvpn/serverconf"
)

// theirOptions are all that the programs know, by the sections about them: the
// tables of TRAuthLDAPConfig.m; Config.cpp and RadiusConfig.cpp of radiusplugin and
// of its fork; otp.c; parse_args in pam_google_authenticator.c and the file's
// options in FILEFORMAT.
var theirOptions = map[string]string{
	"openvpn-auth-ldap": `URL Timeout BindDN Password FollowReferrals TLSEnable TLSCACertFile TLSCACertDir TLSCertFile TLSKeyFile
		TLSCipherSuite BaseDN SearchFilter RequireGroup UseCn PFTable PasswordIsCR MemberAttribute RFC2307bis UseCompareOperation`,
	"radiusplugin": `NAS-Identifier Service-Type Framed-Protocol NAS-Port-Type NAS-IP-Address OpenVPNConfig subnet p2p overwriteccfiles
		useauthcontrolfile vsascript vsanamedpipe name authport acctport retry wait sharedsecret accountingonly accountingenabled
		nonfatalaccounting defacctinteriminterval useclientconnectdeferfile p2p6`,
	"openvpn-otp": `otp_secrets otp_slop totp_t0 totp_step totp_digits motp_step hotp_syncwindow hotp_counters password_is_cr debug
		totp totp-60-6 hotp motp plain base32 hex text sha1`,
	"google-authenticator PAM": `secret user no_strict_owner allowed_perm allow_readonly authtok_prompt debug forward_pass try_first_pass
		use_first_pass noskewadj no_increment_hotp nullok echo_verification_code grace_period
		TOTP_AUTH HOTP_COUNTER STEP_SIZE WINDOW_SIZE DISALLOW_REUSE RATE_LIMIT RESETTING_TIME_SKEW TIME_SKEW
		plugin COMMONNAME deferred_auth_pam`,
}

// migration is what docs/migrating.md says about one program.
type migration struct {
	text   string
	blocks []documentBlock
}

func migrations(t *testing.T) map[string]migration {
	t.Helper()
	const path = "../../docs/migrating.md"
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	blocks := documentBlocks(t, path)
	parts := map[string]migration{}
	for _, part := range strings.Split(string(content), "\n## From ")[1:] {
		name, text, _ := strings.Cut(part, "\n")
		n := strings.Count(text, "```toml\n") + strings.Count(text, "```conf\n")
		parts[name] = migration{text, blocks[:n]}
		blocks = blocks[n:]
	}
	return parts
}

var (
	codeSpan    = regexp.MustCompile("`([^`]+)`")
	settingSpan = regexp.MustCompile("`([a-z]+)\\.([a-z_0-9]+) = ([^`]+)`")
	wholePlugin = regexp.MustCompile("in place of `(plugin [^`]+)`")
)

// firstCells are what the tables have on the left.
func (m migration) firstCells() (cells []string) {
	for line := range strings.Lines(m.text) {
		if cell := strings.Split(line, "|"); len(cell) > 2 {
			cells = append(cells, cell[1])
		}
	}
	return cells
}

func TestMigratingCoversEveryOption(t *testing.T) {
	parts := migrations(t)
	if !slices.Equal(slices.Sorted(maps.Keys(parts)), slices.Sorted(maps.Keys(theirOptions))) {
		t.Fatal("the sections are", slices.Sorted(maps.Keys(parts)))
	}
	for name, options := range theirOptions {
		var known strings.Builder
		for _, span := range codeSpan.FindAllStringSubmatch(strings.Join(parts[name].firstCells(), " "), -1) {
			known.WriteString(" " + span[1])
		}
		if name == "radiusplugin" { // the fork's are in a sentence
			known.WriteString(strings.ReplaceAll(parts[name].text, "`", " "))
		}
		for option := range strings.FieldsSeq(options) {
			if !regexp.MustCompile(`[ "]` + regexp.QuoteMeta(option) + `([ =:,"]|$)`).MatchString(known.String()) {
				t.Errorf("%s: nothing is said about %s", name, option)
			}
		}
	}
}

// Each of our lines is put into the section's configuration, and loads.
func TestMigratingTablesHaveWhatLoads(t *testing.T) {
	for name, m := range migrations(t) {
		var base map[string]map[string]any
		if err := toml.Unmarshal([]byte(m.blocks[0].text), &base); err != nil {
			t.Fatal(err)
		}
		lines := 0
		for line := range strings.Lines(m.text) {
			if !strings.HasPrefix(line, "|") {
				continue
			}
			for _, span := range settingSpan.FindAllStringSubmatch(line, -1) {
				lines++
				loadText(t, name+": "+span[0], with(t, base, span[1], span[2], span[3]))
			}
		}
		if lines < 5 {
			t.Errorf("%s: %d lines of ours", name, lines)
		}
	}
}

// with is the configuration with one more key, or with another value of it. A
// client certificate and its key, and schemas and filters, go together.
func with(t *testing.T, base map[string]map[string]any, section, key, value string) string {
	t.Helper()
	var one map[string]map[string]any
	if err := toml.Unmarshal(fmt.Appendf(nil, "[%s]\n%s = %s\n", section, key, value), &one); err != nil {
		t.Fatalf("%s = %s: %v", key, value, err)
	}
	all := map[string]map[string]any{}
	for name, keys := range base {
		all[name] = maps.Clone(keys)
	}
	if all[section] == nil {
		all[section] = map[string]any{}
	}
	maps.Copy(all[section], one[section])
	if pair, found := goesWith[key]; found {
		all[section][pair] = "/etc/ovpn-verify/its-pair"
	}
	text, err := toml.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var goesWith = map[string]string{"client_cert_file": "client_key_file", "client_key_file": "client_cert_file"}

// The lines that come are enough, and the one that goes has to go.
func TestMigratingServerConf(t *testing.T) {
	for name, m := range migrations(t) {
		c := loadText(t, name, m.blocks[0].text)
		b := m.blocks[1]
		if found := judgeLines(t, c, b.text); len(found) > 0 {
			t.Errorf("%s: %v", b.place, found)
		}
		plugin := wholePlugin.FindStringSubmatch(b.paragraph)
		if plugin == nil {
			t.Fatalf("%s: which line goes? %s", name, b.paragraph)
		}
		found := judgeLines(t, c, b.text+plugin[1]+"\n")
		if len(found) != 1 || found[0].Severity != serverconf.Warning || found[0].Mend != "#"+plugin[1] {
			t.Errorf("%s: with both lines: %+v", name, found)
		}
	}
}
