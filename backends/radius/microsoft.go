package radius

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"regexp"
	"sync"

	"layeh.com/radius"
	"layeh.com/radius/rfc2865"
)

// The attributes of Microsoft (RFC 2548), vendor 311, inside Vendor-Specific.
const (
	vendorMicrosoft = 311

	msCHAPError     byte = 2  // section 2.1.5
	msCHAPChallenge byte = 11 // section 2.1.2
	msCHAP2Response byte = 25 // section 2.3.2
	msCHAP2Success  byte = 26 // section 2.3.3
)

// addMicrosoft adds one attribute of at most 247 bytes in a Vendor-Specific of its own.
func addMicrosoft(p *radius.Packet, of byte, value []byte) {
	b := binary.BigEndian.AppendUint32(nil, vendorMicrosoft)
	b = append(b, of, byte(2+len(value)))
	p.Add(rfc2865.VendorSpecific_Type, append(b, value...))
}

// microsoft is every value of one of these attributes. A Vendor-Specific may
// hold several, one after the other (RFC 2865 section 5.26); where they are not
// whole, the rest of it is nobody's.
func microsoft(p *radius.Packet, of byte) [][]byte {
	var all [][]byte
	for _, text := range texts(p, rfc2865.VendorSpecific_Type) {
		b := []byte(text)
		if len(b) < 4 || binary.BigEndian.Uint32(b) != vendorMicrosoft {
			continue
		}
		for b = b[4:]; len(b) >= 2 && b[1] >= 2 && int(b[1]) <= len(b); b = b[b[1]:] {
			if b[0] == of {
				all = append(all, bytes.Clone(b[2:b[1]]))
			}
		}
	}
	return all
}

// msErrors are the codes of MS-CHAP-Error (RFC 2759 section 6).
var msErrors = map[string]string{
	"646": "outside of the hours in which the account may log in",
	"647": "the account is disabled",
	"648": "the password has expired",
	"649": "the account may not dial in",
	"691": "wrong user name or password",
	"709": "the password could not be changed",
}

// msErrorForm is what follows the Ident, or stands alone at servers that leave it out.
var msErrorForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(?s:.?)E=([0-9]{1,10})(?: |$)`) })

// msErrorCause says why the server refused, in words of ours and the number
// alone: the rest of the attribute is for a client that could try again. Empty:
// there is none that can be read.
func msErrorCause(reject *radius.Packet) string {
	for _, value := range microsoft(reject, msCHAPError) {
		found := msErrorForm().FindSubmatch(value)
		if found == nil {
			continue
		}
		code := string(found[1])
		if meaning, known := msErrors[code]; known {
			return fmt.Sprintf("MS-CHAP-Error %s, %s", code, meaning)
		}
		return "MS-CHAP-Error " + code
	}
	return ""
}
