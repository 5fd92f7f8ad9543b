package ldap

import (
	"errors"
	"fmt"
	"strings"

	ber "github.com/go-asn1-ber/asn1-ber"
	goldap "github.com/go-ldap/ldap/v3"
)

// resultError is a server's answer other than success, RFC 4511 section 4.1.9.
type resultError struct {
	code       uint16
	diagnostic string // the server's own words, for the log
}

func (e resultError) Error() string {
	name := goldap.LDAPResultCodeMap[e.code]
	if name == "" {
		name = "unknown result"
	}
	if e.diagnostic == "" {
		return fmt.Sprintf("%s (%d)", name, e.code)
	}
	// Cut, since it goes to a log and the server chooses its length.
	return fmt.Sprintf("%s (%d): %.256q", name, e.code, e.diagnostic)
}

// firstLocalCode is where the library's own codes begin; what servers send
// lies below it.
const firstLocalCode = goldap.ErrorNetwork

// hiding keeps a password out of the text, should a server ever echo it.
func hiding(password string, err error) error {
	if without(password, err.Error()) == "" {
		return errors.New("the answer cannot be shown")
	}
	return err
}

// without returns text, or nothing when hide is in it.
func without(hide, text string) string {
	if hide != "" && strings.Contains(text, hide) {
		return ""
	}
	return text
}

// checkSuccess returns nil for the one thing that is a success: a single
// LDAPMessage (RFC 4511 section 4.1.1) that carries the operation op and the
// result code 0, an ENUMERATED of exactly one octet.
func checkSuccess(p *ber.Packet, op ber.Tag) error {
	if len(p.Children) < 2 {
		return errors.New("the answer is not an LDAP message")
	}
	result := p.Children[1]
	if result.ClassType != ber.ClassApplication || result.TagType != ber.TypeConstructed || result.Tag != op {
		return errors.New("the answer belongs to another operation")
	}
	if len(result.Children) < 3 {
		return errors.New("the answer is not an LDAP result")
	}
	code := result.Children[0]
	n, ok := code.Value.(int64)
	if code.ClassType != ber.ClassUniversal || code.TagType != ber.TypePrimitive || code.Tag != ber.TagEnumerated || !ok {
		return errors.New("the answer has no proper result code")
	}
	switch {
	case n == goldap.LDAPResultSuccess && len(code.ByteValue) == 1:
		return nil
	case n > 0 && n < firstLocalCode:
		diagnostic, _ := result.Children[2].Value.(string)
		return resultError{code: uint16(n), diagnostic: diagnostic}
	default:
		return errors.New("the answer has no proper result code")
	}
}
