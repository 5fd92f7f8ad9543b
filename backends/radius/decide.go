package radius

import (
	"bytes"
	"fmt"
	"strings"

	"layeh.com/radius"

	"ovpn-verify/verify/primary"
	"ovpn-verify/verify/secret"
)

// decide turns an authentic answer into the verdict.
func (b *Backend) decide(answer *radius.Packet, server string, req primary.Request) (primary.Identity, error) {
	switch answer.Code {
	case radius.CodeAccessAccept:
		err := b.checkService(answer)
		var id primary.Identity
		if err == nil {
			id, err = identity(answer, req.Username)
		}
		if err != nil {
			return primary.Identity{}, fmt.Errorf("radius: server %s: %w", server, err)
		}
		return id, nil
	case radius.CodeAccessChallenge:
		return primary.Identity{}, challenge(answer, server, req.Username, b.cfg.spends(req))
	case radius.CodeAccessReject:
		return primary.Identity{}, b.refusal(answer, server, req)
	default:
		return primary.Identity{}, fmt.Errorf("radius: server %s: code %d decides nothing", server, answer.Code)
	}
}

// refusal has the server's words as its cause, and for the user where the
// configuration wants it, unless they repeat a secret; and what MS-CHAP-Error says.
func (b *Backend) refusal(answer *radius.Packet, server string, req primary.Request) error {
	message, cause := replyMessage(answer), "Access-Reject: "
	if quotes(message, req.Password) || quotes(message, req.Code) {
		message = ""
	}
	if message != "" {
		cause += fmt.Sprintf("%q: ", clean(message))
	}
	if code := msErrorCause(answer); code != "" {
		cause += code + ": "
	}
	err := fmt.Errorf("radius: server %s: %s%w", server, cause, primary.ErrRefused)
	if b.cfg.ShowReplyMessage && message != "" {
		return &primary.ReasonError{Text: message, Err: err}
	}
	return err
}

// quotes tells whether a text repeats a secret.
func quotes(text string, s secret.Text) bool {
	return !s.Empty() && bytes.Contains([]byte(text), s.Reveal())
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
