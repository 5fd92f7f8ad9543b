package challenge_test

import (
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"ovpn-verify/challenge"
	"ovpn-verify/verify/secret"
)

func TestURI(t *testing.T) {
	seed := secret.FromString("Hello!\xde\xad\xbe\xef")
	for _, c := range []struct{ issuer, account, want string }{
		{"Example", "ada", "otpauth://totp/Example:ada?secret=JBSWY3DPEHPK3PXP&issuer=Example"},
		{"ACME Co", "ada@x.org", "otpauth://totp/ACME%20Co:ada%40x.org?secret=JBSWY3DPEHPK3PXP&issuer=ACME%20Co"},
		{"A:B", "c:d", "otpauth://totp/A%20B:c%3Ad?secret=JBSWY3DPEHPK3PXP&issuer=A%20B"},
		{"", "ü&?#/%+", "otpauth://totp/%C3%BC%26%3F%23%2F%25%2B?secret=JBSWY3DPEHPK3PXP"},
		{"", "c:d", "otpauth://totp/:c%3Ad?secret=JBSWY3DPEHPK3PXP"},
		{"V", "\xff\n", "otpauth://totp/V:%EF%BF%BD%0A?secret=JBSWY3DPEHPK3PXP&issuer=V"},
	} {
		got := six.URI(c.issuer, c.account, seed)
		if got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
		if _, err := url.Parse(got); err != nil {
			t.Error(err)
		}
	}
	other := challenge.TOTP{Algorithm: "SHA256", Digits: 8, Period: time.Minute}
	if got, want := other.URI("V", "a", seed), "otpauth://totp/V:a?secret=JBSWY3DPEHPK3PXP&issuer=V&algorithm=SHA256&digits=8&period=60"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestParseURIReadsWhatOthersWrite(t *testing.T) {
	usual := challenge.TOTP{Algorithm: "SHA1", Digits: 6, Period: 30 * time.Second}
	for _, c := range []struct {
		uri, account string
		form         challenge.TOTP
	}{
		{"otpauth://totp/ada?secret=JBSWY3DPEHPK3PXP", "ada", usual},
		{"otpauth://totp/ACME%20Co:ada@x.org?secret=jbsw%20y3dp-ehpk3pxp&issuer=ACME+Co", "ada@x.org", usual},
		{"otpauth://totp/ACME%3A%20ada?secret=JBSWY3DPEHPK3PXP&image=x", "ada", usual},
		{"otpauth://TOTP/a:b:c?issuer=a:b&secret=JBSWY3DPEHPK3PXP", "c", usual},
		{"otpauth://totp/?secret=JBSWY3DPEHPK3PXP", "", usual},
		{"otpauth://totp/x?secret=JBSWY3DPEHPK3PXP&algorithm=sha-512&digits=7&period=300", "x",
			challenge.TOTP{Algorithm: "SHA512", Digits: 7, Period: 5 * time.Minute}},
	} {
		form, account, seed, err := challenge.ParseURI(secret.FromString(c.uri))
		if err != nil || account != c.account || form != c.form || string(seed.Reveal()) != "Hello!\xde\xad\xbe\xef" {
			t.Errorf("%s: %+v, %q, %v", c.uri, form, account, err)
		}
	}
}

func TestParseURIRefuses(t *testing.T) {
	for uri, want := range map[string]string{
		"":                                       "not an otpauth:// URI",
		"otpauth://totp/%zz?secret=JBSWY3DPEHPK": "not an otpauth:// URI",
		"https://totp/a?secret=JBSWY3DPEHPK3PXP": "not an otpauth:// URI",
		"otpauth://hotp/a?secret=JBSWY3DPEHPK3PXP":               "not for time-based codes",
		"otpauth://totp/a?secret=%zz":                            "not escaped",
		"otpauth://totp/a":                                       "there is no secret",
		"otpauth://totp/a?secret=----":                           "there is no secret",
		"otpauth://totp/a?secret=JBSWY3DPEHPK3PX1":               "not base32",
		"otpauth://totp/a?secret=JBSWY3DPEHPK3PX%0A":             "not base32",
		"otpauth://totp/a?secret=JBSWY3DPEHPK":                   "has 56 bits, at least 80",
		"otpauth://totp/a?secret=" + strings.Repeat("A", 208):    "has 1040 bits, at most 1024",
		"otpauth://totp/a?secret=JBSWY3DPEHPK3PXP&algorithm=MD5": "none of SHA1, SHA256, SHA512",
		"otpauth://totp/a?secret=JBSWY3DPEHPK3PXP&digits=9":      "not 6, 7 or 8",
		"otpauth://totp/a?secret=JBSWY3DPEHPK3PXP&digits=6.":     "not 6, 7 or 8",
		"otpauth://totp/a?secret=JBSWY3DPEHPK3PXP&period=10":     "15 to 300",
		"otpauth://totp/a?secret=JBSWY3DPEHPK3PXP&period=-1":     "15 to 300",
	} {
		_, _, seed, err := challenge.ParseURI(secret.FromString(uri))
		if err == nil || !strings.Contains(err.Error(), want) || !seed.Empty() {
			t.Errorf("%s: %v", uri, err)
		} else if strings.Contains(err.Error(), "JBSW") {
			t.Errorf("the error shows the secret: %v", err)
		}
	}
}

// What is exported can be imported: the same user, secret and form.
func FuzzURI(f *testing.F) {
	f.Add("OpenVPN", "ada", []byte("12345678901234567890"), 6, 30, "SHA1")
	f.Add("A:B", "c:d e+f", []byte("1234567890"), 8, 60, "SHA512")
	f.Add("", ":a", []byte("1234567890"), 7, 15, "SHA256")
	f.Fuzz(func(t *testing.T, issuer, account string, seed []byte, digits, period int, algorithm string) {
		form := challenge.TOTP{Algorithm: algorithm, Digits: digits, Period: time.Duration(period) * time.Second}
		formErr := new(challenge.TOTP).ParseForm(algorithm, "", "")
		if !utf8.ValidString(account) || !utf8.ValidString(issuer) || strings.TrimLeft(account, " ") != account ||
			len(seed) < 10 || len(seed) > 128 || digits < 6 || digits > 8 || period < 15 || period > 300 ||
			formErr != nil || algorithm == "" || strings.ToUpper(algorithm) != algorithm || strings.Contains(algorithm, "-") {
			return
		}
		uri := form.URI(issuer, account, secret.New(seed))
		got, name, again, err := challenge.ParseURI(secret.FromString(uri))
		if err != nil || got != form || name != account || !again.Equal(secret.New(seed)) {
			t.Errorf("%s: %+v, %q, %v", uri, got, name, err)
		}
	})
}
