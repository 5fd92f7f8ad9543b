//go:build e2e

package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const migrating = "migrating.md"

// migrate does what docs/migrating.md says about one program, on a host that has
// that program's files, and starts the server with what came of it.
func migrate(t *testing.T, program string, answers, theirs map[string]string) *reader {
	t.Helper()
	r := newReader(t, answers)
	r.put(serverConf, read(r.host.Path(serverConf))+"verify-client-cert none\nusername-as-common-name\n", 0o644)
	for path, content := range theirs {
		if err := os.MkdirAll(r.host.Path(filepath.Dir(path)), 0o755); err != nil {
			t.Fatal(err)
		}
		r.put(path, content, 0o600)
	}
	content := read("../../docs/" + migrating)
	before, part, found := strings.Cut(content, "\n## From "+program+"\n")
	if !found {
		t.Fatalf("%s says nothing about %s", migrating, program)
	}
	part, _, _ = strings.Cut(part, "\n## ")
	from := strings.Count(before, "\n") + 2
	var steps []step
	for _, s := range readDocument(t, migrating) {
		if s.line > from && s.line <= from+strings.Count(part, "\n") {
			steps = append(steps, s)
		}
	}
	if r.do(migrating, steps); !t.Failed() {
		r.restart()
	}
	return r
}

// enrolled is a user whose secret came along.
func (r *reader) enrolled(user, seed string) {
	r.seeds[user], r.steps[user] = seed, -2
}

func TestMigratingFromAuthLDAP(t *testing.T) {
	t.Parallel()
	ca, err := os.ReadFile("/etc/ssl/certs/ca-certificates.crt")
	if err != nil {
		t.Fatal(err)
	}
	r := migrate(t, "openvpn-auth-ldap", nil, map[string]string{
		"/etc/openvpn/auth-ldap.conf": "<LDAP>\n\tURL\tldap://ldap1.example.org\n\tBindDN\tuid=Manager,ou=People,dc=example,dc=com\n\t# Password\tOld\n" +
			"\tPassword\t\"Secret Password\"\n\tTLSEnable\tyes\n</LDAP>\n",
		"/etc/ssl/certs/ca.pem": string(ca),
	})
	if got := read(r.host.Path("/etc/ovpn-verify/ldap.secret")); got != "Secret Password" {
		t.Errorf("the service account's password is %q", got)
	}
}

func TestMigratingFromRadiusplugin(t *testing.T) {
	t.Parallel()
	r := migrate(t, "radiusplugin", nil, map[string]string{
		"/etc/openvpn/radiusplugin.cnf": "NAS-Identifier=OpenVpn\nserver\n{\n\tname=radius1.example.org\n\tsharedsecret=a long shared secret\n}\n" +
			"server\n{\n\tname=radius2.example.org\n\tsharedsecret=a long shared secret\n}\n",
	})
	if got := read(r.host.Path("/etc/ovpn-verify/radius.secret")); got != "a long shared secret" {
		t.Errorf("the shared secret is %q", got)
	}
}

// bob types his PIN and a code, as he did.
func TestMigratingFromOpenVPNOTP(t *testing.T) {
	t.Parallel()
	r := migrate(t, "openvpn-otp", nil, map[string]string{
		"/etc/ppp/otp-secrets": "# user server type:hash:encoding:key:pin:udid client\n" +
			"bob otp totp:sha1:base32:K7BYLIU5D2V33X6S:1234:xxx *\n" +
			"mike otp totp-60-6:sha1:base32:46HV5FIYE33TKWYP:5uP3rH4x0r:xxx *\n" +
			"lucie otp hotp:sha1:base32:MT4GWEZTSRBV2QQC:99:xxx *\n",
	})
	r.enrolled("bob", "K7BYLIU5D2V33X6S")
	r.connects("bob", "1234"+r.code("bob"))
	users, _ := r.host.Run("ovpn-verify user list; ovpn-verify totp list | cut -f 1")
	if users != "bob\nmike\nbob\nmike\n" {
		t.Errorf("those who came along are %q", users)
	}
}

// ada's app, and a code that she used on the day before.
func TestMigratingFromGoogleAuthenticator(t *testing.T) {
	t.Parallel()
	const seed = "KC37VGNW2ABIZ76BQFQEMBGHY4"
	r := migrate(t, "google-authenticator PAM", map[string]string{"New password: ": "lovelace-1815", "Once more: ": "lovelace-1815"}, map[string]string{
		"/etc/openvpn/google/ada": seed + "\n\" RATE_LIMIT 3 30\n\" WINDOW_SIZE 3\n\" DISALLOW_REUSE 56666667\n\" TOTP_AUTH\n18222228\n28488571\n",
	})
	r.enrolled("ada", seed)
	r.connects("ada", "lovelace-1815"+r.code("ada"))
}
