package fakeldap

import (
	ber "github.com/go-asn1-ber/asn1-ber"
)

// Tags of the operations, RFC 4511 section 4.2 to 4.12.
const (
	tagBindRequest      ber.Tag = 0
	tagBindResponse     ber.Tag = 1
	tagUnbindRequest    ber.Tag = 2
	tagSearchRequest    ber.Tag = 3
	tagSearchEntry      ber.Tag = 4
	tagSearchDone       ber.Tag = 5
	tagSearchReference  ber.Tag = 19
	tagExtendedRequest  ber.Tag = 23
	tagExtendedResponse ber.Tag = 24
)

// Result codes, RFC 4511 section 4.1.9.
const (
	success                     = 0
	protocolError               = 2
	sizeLimitExceeded           = 4
	authMethodNotSupported      = 7
	noSuchObject                = 32
	inappropriateAuthentication = 48
	invalidCredentials          = 49
	insufficientAccessRights    = 50
	unavailable                 = 52
	unwillingToPerform          = 53
)

const (
	oidStartTLS = "1.3.6.1.4.1.1466.20037"
	oidWhoAmI   = "1.3.6.1.4.1.4203.1.11.3" // RFC 4532
	oidNotice   = "1.3.6.1.4.1.1466.20036"
)

func message(id int64, operation *ber.Packet) *ber.Packet {
	p := ber.NewSequence("")
	p.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, id, ""))
	p.AppendChild(operation)
	return p
}

func addControls(m *ber.Packet, controls []Control) {
	if len(controls) == 0 {
		return
	}
	list := ber.Encode(ber.ClassContext, ber.TypeConstructed, 0, nil, "")
	for _, c := range controls {
		p := ber.NewSequence("")
		p.AppendChild(octets(c.OID))
		if c.Value != "" {
			p.AppendChild(octets(c.Value))
		}
		list.AppendChild(p)
	}
	m.AppendChild(list)
}

func result(tag ber.Tag, code uint16, diagnostic string) *ber.Packet {
	p := ber.Encode(ber.ClassApplication, ber.TypeConstructed, tag, nil, "")
	p.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, int64(code), ""))
	p.AppendChild(octets(""))
	p.AppendChild(octets(diagnostic))
	return p
}

// whoAmI answers with an authorization identity, RFC 4513 section 5.2.1.8.
func whoAmI(dn string) *ber.Packet {
	id := ""
	if dn != "" {
		id = "dn:" + dn
	}
	p := result(tagExtendedResponse, success, "")
	p.AppendChild(ber.NewString(ber.ClassContext, ber.TypePrimitive, 11, id, ""))
	return p
}

func octets(s string) *ber.Packet {
	return ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, s, "")
}

func noticeOfDisconnection() *ber.Packet {
	p := result(tagExtendedResponse, unavailable, "shutting down")
	p.AppendChild(ber.NewString(ber.ClassContext, ber.TypePrimitive, 10, oidNotice, ""))
	return p
}

// disfigure changes the result's own form. What it makes has nothing but its
// tag or its code wrong.
func disfigure(m Manner, op *ber.Packet) *ber.Packet {
	tag, code := op.Tag, op.Children[0].Data.Bytes()
	switch m {
	case WrongOp:
		tag = tagExtendedResponse
		if op.Tag == tagExtendedResponse {
			tag = tagBindResponse
		}
	case NoCode:
		code = nil
	case LongCode:
		code = append(make([]byte, 8), code...)
	default:
		return op
	}
	p := ber.Encode(ber.ClassApplication, ber.TypeConstructed, tag, nil, "")
	enumerated := ber.Encode(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, nil, "")
	enumerated.Data.Write(code)
	p.AppendChild(enumerated)
	for _, rest := range op.Children[1:] {
		p.AppendChild(rest)
	}
	return p
}
