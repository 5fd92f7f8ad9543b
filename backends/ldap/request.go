package ldap

import (
	"math"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	goldap "github.com/go-ldap/ldap/v3"
)

const (
	ldapVersion = 3

	// oidStartTLS names the StartTLS operation, RFC 4511 section 4.14.1.
	oidStartTLS = "1.3.6.1.4.1.1466.20037"

	// oidWhoAmI names the "Who am I?" operation, RFC 4532 section 2.1.
	oidWhoAmI = "1.3.6.1.4.1.4203.1.11.3"
)

// message is a request in its envelope, RFC 4511 section 4.1.1.
func message(id int64, op *ber.Packet, controls []goldap.Control) *ber.Packet {
	p := ber.NewSequence("")
	p.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, id, ""))
	p.AppendChild(op)
	if len(controls) > 0 {
		list := ber.Encode(ber.ClassContext, ber.TypeConstructed, 0, nil, "")
		for _, c := range controls {
			list.AppendChild(c.Encode())
		}
		p.AppendChild(list)
	}
	return p
}

func operation(tag ber.Tag) *ber.Packet {
	return ber.Encode(ber.ClassApplication, ber.TypeConstructed, tag, nil, "")
}

// bindRequest is that of RFC 4511 section 4.2.
func bindRequest(name string, credentials *ber.Packet) *ber.Packet {
	op := operation(goldap.ApplicationBindRequest)
	op.AppendChild(integer(ber.TagInteger, ldapVersion))
	op.AppendChild(octets(name))
	op.AppendChild(credentials)
	return op
}

func simpleCredentials(password string) *ber.Packet {
	return ber.NewString(ber.ClassContext, ber.TypePrimitive, 0, password, "")
}

func externalCredentials() *ber.Packet {
	p := ber.Encode(ber.ClassContext, ber.TypeConstructed, 3, nil, "")
	p.AppendChild(octets("EXTERNAL"))
	p.AppendChild(octets(""))
	return p
}

// unbindRequest is that of RFC 4511 section 4.3.
func unbindRequest() *ber.Packet {
	return ber.Encode(ber.ClassApplication, ber.TypePrimitive, goldap.ApplicationUnbindRequest, nil, "")
}

// searchRequest is that of RFC 4511 section 4.5.1. The error is about the filter.
func searchRequest(q question, timeout time.Duration) (*ber.Packet, error) {
	filter, err := goldap.CompileFilter(q.filter)
	if err != nil {
		return nil, err
	}
	attributes := ber.NewSequence("")
	for _, name := range q.attributes {
		attributes.AppendChild(octets(name))
	}
	op := operation(goldap.ApplicationSearchRequest)
	op.AppendChild(octets(q.base))
	op.AppendChild(integer(ber.TagEnumerated, int64(q.scope)))
	op.AppendChild(integer(ber.TagEnumerated, goldap.NeverDerefAliases))
	op.AppendChild(integer(ber.TagInteger, int64(q.limit)))
	op.AppendChild(integer(ber.TagInteger, int64(math.Ceil(timeout.Seconds()))))
	op.AppendChild(ber.NewBoolean(ber.ClassUniversal, ber.TypePrimitive, ber.TagBoolean, false, "")) // values, not types only
	op.AppendChild(filter)
	op.AppendChild(attributes)
	return op, nil
}

// extendedRequest is that of RFC 4511 section 4.12, without a value.
func extendedRequest(oid string) *ber.Packet {
	op := operation(goldap.ApplicationExtendedRequest)
	op.AppendChild(ber.NewString(ber.ClassContext, ber.TypePrimitive, 0, oid, ""))
	return op
}

func octets(s string) *ber.Packet {
	return ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, s, "")
}

func integer(tag ber.Tag, n int64) *ber.Packet {
	return ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, tag, n, "")
}
