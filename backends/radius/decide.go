package radius

import (
	"fmt"
	"strings"

	"layeh.com/radius"

	"ovpn-verify/verify/primary"
)

// decide turns an authentic answer into the verdict. earlier are the secrets of
// the rounds before this one.
func (b *Backend) decide(answer *radius.Packet, server string, req *primary.Request, earlier trails) (primary.Identity, error) {
	switch answer.Code {
	case radius.CodeAccessAccept:
		err := b.checkService(answer)
		var id primary.Identity
		if err == nil {
			id, err = identity(answer, req.Username, discreet(replyMessage(answer), req, earlier))
		}
		if err != nil {
			return primary.Identity{}, fmt.Errorf("radius: server %s: %w", server, err)
		}
		return id, nil
	case radius.CodeAccessChallenge:
		return primary.Identity{}, challenge(answer, server, req, earlier, b.cfg.spends(req))
	case radius.CodeAccessReject:
		return primary.Identity{}, b.refusal(answer, server, req, earlier)
	default:
		return primary.Identity{}, fmt.Errorf("radius: server %s: code %d decides nothing", server, answer.Code)
	}
}

// refusal has the server's words as its cause, and for the user where the
// configuration wants it, unless they repeat a secret; and what MS-CHAP-Error says.
func (b *Backend) refusal(answer *radius.Packet, server string, req *primary.Request, earlier trails) error {
	message, cause := discreet(replyMessage(answer), req, earlier), "Access-Reject: "
	if message != "" {
		cause += fmt.Sprintf("%q: ", clean(message))
	}
	if code := msErrorCause(answer); code != "" {
		cause += code + ": "
	}
	err := fmt.Errorf("radius: server %s: %s%w", server, cause, primary.Rejected)
	if b.cfg.ShowReplyMessage && message != "" {
		return &primary.ReasonError{Text: message, Err: err}
	}
	return err
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
