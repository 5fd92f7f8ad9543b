package ldap

import (
	"bytes"
	"encoding/asn1"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	ber "github.com/go-asn1-ber/asn1-ber"
	goldap "github.com/go-ldap/ldap/v3"
)

// activeDirectoryForm is the form of Active Directory's message up to the number.
var activeDirectoryForm = regexp.MustCompile(
	`^[0-9A-Fa-f]{8}: LdapErr: (?s:.*?), comment: AcceptSecurityContext error, data ((?s:.*))$`)

// numberOf is the number in a message of that form, or "".
func numberOf(diagnostic string) string {
	form := activeDirectoryForm.FindStringSubmatch(diagnostic)
	if form == nil || !regexp.MustCompile(`^[0-9A-Fa-f]{3},`).MatchString(form[1]) {
		return ""
	}
	return strings.ToLower(form[1][:3])
}

// FuzzDirectoryCause holds that a cause is found in the very form of Active
// Directory's messages and in no other, and only one of the table. Around it,
// whatever a server writes, no outage becomes a text for the user, and the log
// has it on one line.
func FuzzDirectoryCause(f *testing.F) {
	for _, s := range []string{
		activeDirectory("532").Diagnostic, "8009030C: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data 52E, v1db1",
		"the password has expired, data 532, v1", ": LdapErr: , comment: AcceptSecurityContext error, data ,",
		"80090308: LdapErr: x, comment: AcceptSecurityContext error, data 5, comment: AcceptSecurityContext error, data 532, v",
		"8009030: LdapErr: x, comment: AcceptSecurityContext error, data 532, v", "800903088: LdapErr: x, comment: AcceptSecurityContext error, data 532, v",
		"8009030g: LdapErr: x, comment: AcceptSecurityContext error, data 532, v", "80090308: LdapErr: x, comment: AcceptSecurityContext error, data 532",
	} {
		f.Add(s, uint16(goldap.LDAPResultInvalidCredentials))
		f.Add(s, uint16(goldap.LDAPResultBusy))
	}
	f.Fuzz(func(t *testing.T, diagnostic string, code uint16) {
		cause, number := directoryCause(diagnostic)
		want := directoryCauses[numberOf(diagnostic)]
		known := want.log != ""
		if cause != want || known != (number != "") || known && number != numberOf(diagnostic) {
			t.Errorf("%q gives %q and %+v", diagnostic, number, cause)
		}
		r := resultError{code: code, diagnostic: diagnostic}
		all := causeOf(r, readPolicy(nil))
		if all.user != "" && (code != goldap.LDAPResultInvalidCredentials || !known || all.user != cause.user) {
			t.Errorf("%d %q tells the user %q", code, diagnostic, all.user)
		}
		if text := r.Error() + all.log; !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) || len(text) > 1500 {
			t.Errorf("the log has %q", text)
		}
	})
}

// FuzzBindAnswer holds that nothing but one whole answer to a bind, with the
// result code 0 in one octet, is a success: as the standard library reads it.
func FuzzBindAnswer(f *testing.F) {
	for _, s := range []string{
		"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00", "\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x31\x04\x00\x04\x00",
		"\x30\x0b\x02\x01\x01\x61\x06\x0a\x00\x04\x00\x04\x00", "\x30\x0d\x02\x01\x01\x61\x08\x0a\x02\x00\x00\x04\x00\x04\x00",
		"\x30\x80\x02\x01\x01\x61\x80\x0a\x01\x00\x04\x00\x04\x00\x00\x00\x00\x00", "\x30\x0c\x02\x01\x01\x65\x07\x0a\x01\x00\x04\x00\x04\x00",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		err := checkBindSuccess(raw)
		code, size, read := standardResult(raw)
		if read && (err == nil) != (code == 0 && size == 1) {
			t.Errorf("%x: %v; the standard library reads the code %d of %d bytes", raw, err, code, size)
		}
		if err == nil && !bytes.Contains(raw, []byte{byte(ber.TagEnumerated), 1, 0}) {
			t.Errorf("%x is a success without the code", raw)
		}
	})
}

func checkBindSuccess(raw []byte) error {
	p, err := onlyMessage(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	return checkSuccess(p, goldap.ApplicationBindResponse)
}

// standardResult reads an answer in DER, which is BER without its liberties.
func standardResult(raw []byte) (code int, size int, ok bool) {
	var m struct {
		ID     int
		Result struct{ Code, MatchedDN, Diagnostic asn1.RawValue } `asn1:"application,tag:1"`
	}
	rest, err := asn1.Unmarshal(raw, &m)
	c, bare := m.Result.Code, m.Result.Code.Class == asn1.ClassUniversal && m.Result.Code.Tag == asn1.TagEnum && !m.Result.Code.IsCompound
	if err != nil || len(rest) > 0 || !bare {
		return 0, 0, false
	}
	for _, b := range c.Bytes {
		code = code<<8 | int(b)
	}
	return code, len(c.Bytes), true
}
