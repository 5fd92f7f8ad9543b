package radius

import (
	"bytes"
	"encoding/hex"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"layeh.com/radius"
	"layeh.com/radius/rfc2865"

	"ovpn-verify/backends/backendtest/fakeradius"
	"ovpn-verify/backends/radius/mschap"
)

// vendorSpecific is a packet with value in it.
func vendorSpecific(value []byte) *radius.Packet {
	return &radius.Packet{Attributes: radius.Attributes{{Type: rfc2865.VendorSpecific_Type, Attribute: value}}}
}

var msCause = regexp.MustCompile(`^(MS-CHAP-Error [0-9]{1,10}(, [a-z ]+)?)?$`)

// FuzzMicrosoft: whatever stands in a Vendor-Specific, its attributes are parts
// of it, and nothing of the server's text comes into the cause but a number.
func FuzzMicrosoft(f *testing.F) {
	f.Add([]byte(fakeradius.Vendor(311, 2, []byte("\x01E=691 R=1 C=00 V=3 M=no"))))
	f.Add([]byte(fakeradius.Vendor(311, 2, []byte("E=647"))))
	f.Add([]byte(fakeradius.Vendor(311, 26, []byte("\x01S=407A5589115FD0D6209F510FE9C04566932CDA56"))))
	f.Add([]byte(append(fakeradius.Vendor(311, 28, []byte{10, 0, 0, 1}), 2, 7, 'x', 'E', '=', '1', ' ')))
	f.Add([]byte{0, 0, 1, 0x37, 2})
	f.Add([]byte{0, 0, 1, 0x37, 2, 0})
	f.Add([]byte{0, 0, 1, 0x37, 2, 255, 'E'})
	f.Fuzz(func(t *testing.T, value []byte) {
		p := vendorSpecific(value)
		size := 0
		for number := range 256 {
			for _, got := range microsoft(p, byte(number)) {
				size += 2 + len(got)
				if !bytes.Contains(value, append([]byte{byte(number), byte(2 + len(got))}, got...)) {
					t.Errorf("%x has no attribute %d with %x", value, number, got)
				}
			}
		}
		if size > max(len(value)-4, 0) {
			t.Errorf("%d bytes of attributes in %x", size, value)
		}
		if cause := msErrorCause(p); !msCause.MatchString(cause) {
			t.Errorf("%x gave the cause %q", value, cause)
		}
	})
}

// FuzzSuccess: an MS-CHAP2-Success counts only when the right digits are in
// their place, after the right Ident.
func FuzzSuccess(f *testing.F) {
	expected := [mschap.AuthenticatorLen]byte([]byte("twenty bytes exactly"))
	right := append([]byte{7, 'S', '='}, strings.ToUpper(hex.EncodeToString(expected[:]))...)
	f.Add(right)
	f.Add(append(bytes.Clone(right), " M=welcome"...))
	f.Add(append(bytes.Clone(right), 'A'))
	f.Add(right[:42])
	f.Add([]byte{7, 'S', '='})
	f.Fuzz(func(t *testing.T, value []byte) {
		c := &msCHAP{identifier: 7, expected: expected}
		p := &radius.Packet{}
		if len(value) <= 247 {
			addMicrosoft(p, msCHAP2Success, value)
		}
		err := c.confirm(p)
		begins := len(value) >= len(right) && strings.EqualFold(string(value[:len(right)]), string(right)) && value[1] == 'S'
		ends := begins && (len(value) == len(right) || value[len(right)] == ' ')
		if (err == nil) != (ends && len(value) <= 247) {
			t.Errorf("%q: %v", value, err)
		}
	})
}

// FuzzIdentity: an Access-Accept gives text that can stand in a log, or nothing.
func FuzzIdentity(f *testing.F) {
	f.Add(byte(1), []byte("ADA"))
	f.Add(byte(8), []byte{10, 0, 0, 1})
	f.Add(byte(18), []byte("welcome\n"))
	f.Add(byte(97), []byte{0, 64, 0x20, 1, 0x0d, 0xb8})
	f.Add(byte(26), []byte(fakeradius.Vendor(311, 28, []byte{10, 0, 0, 1})))
	f.Add(byte(11), []byte("a\xff"))
	f.Fuzz(func(t *testing.T, of byte, value []byte) {
		p := &radius.Packet{Attributes: radius.Attributes{{Type: radius.Type(of), Attribute: value}}}
		id, err := identity(p, "ada", replyMessage(p))
		if err != nil {
			if id.Name != "" || id.Attributes != nil {
				t.Errorf("%d %x: %v with %v", of, value, id, err)
			}
			return
		}
		if !strings.EqualFold(id.Name, "ada") {
			t.Errorf("%d %x: the name %q", of, value, id.Name)
		}
		for name, values := range id.Attributes {
			for _, s := range values {
				if s == "" || !printable(s) {
					t.Errorf("%d %x: %s is %q", of, value, name, s)
				}
			}
		}
	})
}

// FuzzClean: a server's words take one line of the log.
func FuzzClean(f *testing.F) {
	f.Add("account expired\r\n")
	f.Add("a\x1b[31mb\u2028c\xff")
	f.Add(strings.Repeat("ä", 120))
	f.Add("\u2029\u0085" + strings.Repeat("x", 196) + "ä…")
	f.Fuzz(func(t *testing.T, s string) {
		got := clean(s)
		if !utf8.ValidString(got) || len(got) > maxReply || got != strings.TrimSpace(got) ||
			strings.ContainsFunc(got, func(r rune) bool { return unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp) }) {
			t.Errorf("%q became %q", s, got)
		}
		if again := clean(got); again != got {
			t.Errorf("%q became %q, and that %q", s, got, again)
		}
	})
}

// FuzzDiscreet: no text goes on in which a secret of the login stands, and none
// is held back without a reason.
func FuzzDiscreet(f *testing.F) {
	f.Add(password, "you sent ", ", did you?")
	f.Add("tr0ub4dor\t&3", "\n", "\u2028")
	f.Add("\xffabc", "\xff", "\xc3")
	f.Add("123456", "", "")
	f.Fuzz(func(t *testing.T, typed, before, after string) {
		req, text := login("ada", typed), before+typed+after
		if typed != "" && discreet(text, req, nil) != "" {
			t.Errorf("%q is shown after %q was typed", text, typed)
		}
		seen := trails(nil).with(req)
		if !seen.valid() {
			t.Errorf("%x is not valid", []byte(seen))
		}
		if valid := utf8.ValidString(typed) && utf8.ValidString(before) && utf8.ValidString(after); valid && seen.count() == 1 && !seen.found(text) {
			t.Errorf("%q is shown though %q was typed before", text, typed)
		}
		if typed != "" && !strings.Contains(oneLine(before), oneLine(typed)) && !strings.Contains(before, typed) && discreet(before, req, nil) != before {
			t.Errorf("%q is held back, and %q was typed", before, typed)
		}
	})
}
