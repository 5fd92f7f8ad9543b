package radius

import (
	"bytes"
	"fmt"
	"strings"

	"layeh.com/radius"

	"ovpn-verify/verify/primary"
)

// decide turns an authentic answer into the verdict.
func decide(answer *radius.Packet, server string, req primary.Request) (primary.Identity, error) {
	switch answer.Code {
	case radius.CodeAccessAccept:
		id, err := identity(answer, req.Username)
		if err != nil {
			return primary.Identity{}, fmt.Errorf("radius: server %s: %w", server, err)
		}
		return id, nil
	case radius.CodeAccessChallenge:
		return primary.Identity{}, challenge(answer, server, req.Username)
	case radius.CodeAccessReject:
		return primary.Identity{}, refusal(answer, server, req)
	default:
		return primary.Identity{}, fmt.Errorf("radius: server %s: code %d decides nothing", server, answer.Code)
	}
}

// refusal has the server's words as its cause, unless they repeat the password,
// and what MS-CHAP-Error says.
func refusal(answer *radius.Packet, server string, req primary.Request) error {
	cause := "Access-Reject: "
	if message := replyMessage(answer); message != "" && !bytes.Contains([]byte(message), req.Password.Reveal()) {
		cause += fmt.Sprintf("%q: ", clean(message))
	}
	if code := msErrorCause(answer); code != "" {
		cause += code + ": "
	}
	return fmt.Errorf("radius: server %s: %s%w", server, cause, primary.ErrRefused)
}

// replyMessage is all Reply-Messages in their order, as one text (RFC 2865
// section 5.18).
func replyMessage(p *radius.Packet) string {
	return strings.Join(texts(p, typeReplyMsg), "")
}

// texts is every value of one attribute.
func texts(p *radius.Packet, of radius.Type) []string {
	var all []string
	for _, avp := range p.Attributes {
		if avp.Type == of {
			all = append(all, string(avp.Attribute))
		}
	}
	return all
}
