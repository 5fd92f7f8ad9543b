package challenge

import (
	"encoding/base32"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"ovpn-verify/verify/secret"
)

var unpadded = base32.StdEncoding.WithPadding(base32.NoPadding)

// What Google's format means when a URI does not say.
const (
	uriAlgorithm = "SHA1"
	uriDigits    = 6
	uriPeriod    = 30 * time.Second
)

// URI is the otpauth:// text that apps scan, with the seed in it: show it to
// nobody but the user. The format is Google Authenticator's Key URI
// (github.com/google/google-authenticator/wiki/Key-Uri-Format). What is the
// format's default is left out, for a QR code that fits a terminal of 24 lines.
// A space is %20, as apps show a plus sign as it is; a colon in the issuer becomes
// a space, as the first colon ends the issuer even when it is escaped.
func (t TOTP) URI(issuer, account string, seed secret.Text) string {
	issuer = strings.ReplaceAll(issuer, ":", " ")
	var b strings.Builder
	b.WriteString("otpauth://totp/")
	if issuer != "" || strings.Contains(account, ":") {
		b.WriteString(escape(issuer) + ":")
	}
	fmt.Fprintf(&b, "%s?secret=%s", escape(account), unpadded.EncodeToString(seed.Reveal()))
	if issuer != "" {
		b.WriteString("&issuer=" + escape(issuer))
	}
	if t.Algorithm != "" && t.Algorithm != uriAlgorithm {
		b.WriteString("&algorithm=" + t.Algorithm)
	}
	if t.Digits != uriDigits {
		fmt.Fprintf(&b, "&digits=%d", t.Digits)
	}
	if t.Period != uriPeriod {
		fmt.Fprintf(&b, "&period=%d", int64(t.Period/time.Second))
	}
	return b.String()
}

// ParseURI reads what URI and other programs write. No error quotes the text.
func ParseURI(uri secret.Text) (t TOTP, account string, seed secret.Text, err error) {
	fail := func(err error) (TOTP, string, secret.Text, error) { return TOTP{}, "", secret.Text{}, err }
	u, err := url.Parse(string(uri.Reveal()))
	if err != nil || u.Scheme != "otpauth" {
		return fail(errors.New("not an otpauth:// URI"))
	}
	if !strings.EqualFold(u.Host, "totp") {
		return fail(errors.New("not for time-based codes: only otpauth://totp/ is known"))
	}
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return fail(errors.New("the parameters of the URI are not escaped as they should be"))
	}
	t = TOTP{Algorithm: uriAlgorithm, Digits: uriDigits, Period: uriPeriod}
	if err = t.ParseForm(q.Get("algorithm"), q.Get("digits"), q.Get("period")); err != nil {
		return fail(err)
	}
	if seed, err = ParseSeed(secret.FromString(q.Get("secret"))); err != nil {
		return fail(err)
	}
	return t, accountOf(strings.TrimPrefix(u.Path, "/"), q.Get("issuer")), seed, nil
}

// accountOf is the label without its issuer, which a colon ends.
func accountOf(label, issuer string) string {
	if rest, ok := strings.CutPrefix(label, issuer+":"); ok {
		label = rest
	} else if _, rest, ok := strings.Cut(label, ":"); ok {
		label = rest
	}
	return strings.TrimLeft(label, " ")
}

// ParseForm reads the form of codes as URIs have it; what is empty stays as it is.
func (t *TOTP) ParseForm(algorithm, digits, period string) error {
	if algorithm != "" {
		t.Algorithm = strings.ReplaceAll(strings.ToUpper(algorithm), "-", "")
		if _, known := algorithms[t.Algorithm]; !known {
			return errors.New("the algorithm is none of SHA1, SHA256, SHA512")
		}
	}
	if digits != "" {
		n, err := strconv.Atoi(digits)
		if err != nil || n < 6 || n > 8 {
			return errors.New("the number of digits is not 6, 7 or 8")
		}
		t.Digits = n
	}
	if period != "" {
		n, err := strconv.Atoi(period)
		if err != nil || n < 15 || n > 300 {
			return errors.New("the period is not 15 to 300 seconds")
		}
		t.Period = time.Duration(n) * time.Second
	}
	return nil
}

// The sizes of seeds: Google's program made 80 bits for years; 512 bits are what
// SHA512 asks for (RFC 6238 section 5.1), and some programs go further.
const (
	minSeed = 10
	maxSeed = 128
)

// ParseSeed reads base32 as people and programs write it: with spaces, dashes,
// padding and in either case.
func ParseSeed(text secret.Text) (secret.Text, error) {
	plain := strings.NewReplacer(" ", "", "-", "").Replace(string(text.Reveal()))
	if plain == "" {
		return secret.Text{}, errors.New("there is no secret")
	}
	seed, err := unpadded.DecodeString(strings.ToUpper(strings.TrimRight(plain, "=")))
	switch {
	case err != nil || strings.ContainsAny(plain, "\r\n"): // which the decoder ignores
		return secret.Text{}, errors.New("the secret is not base32 (A to Z, 2 to 7)")
	case len(seed) < minSeed:
		return secret.Text{}, fmt.Errorf("the secret has %d bits, at least %d are needed", len(seed)*8, minSeed*8)
	case len(seed) > maxSeed:
		return secret.Text{}, fmt.Errorf("the secret has %d bits, at most %d are taken", len(seed)*8, maxSeed*8)
	}
	return secret.New(seed), nil
}

// escape percent-encodes all but the unreserved characters of RFC 3986 section 2.3.
func escape(s string) string {
	var out strings.Builder
	for _, c := range []byte(strings.ToValidUTF8(s, "\uFFFD")) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9',
			c == '-', c == '.', c == '_', c == '~':
			out.WriteByte(c)
		default:
			fmt.Fprintf(&out, "%%%02X", c)
		}
	}
	return out.String()
}
