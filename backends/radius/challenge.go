package radius

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"layeh.com/radius"
	"layeh.com/radius/rfc2869"

	"ovpn-verify/verify/primary"
)

// pendingVersion is the first byte of an encoded pending.
const pendingVersion = 2

// errPending is an outage and no refusal: what was kept is not what we gave.
var errPending = errors.New("radius: the kept state of the challenge is damaged")

// pending is what has to be known when the user's answer comes.
type pending struct {
	server   string // that asked, host:port
	username string // as it was sent
	state    []byte // State as it came, at most 253 bytes; empty: there was none
	secrets  trails // of what the user has typed so far
}

// challenge is the question in an Access-Challenge. The Prompt attribute says
// whether the answer may be seen (RFC 2869 section 5.10); without it, it may
// not. State may be absent (RFC 2865 section 5.44) and then is not returned; more
// than one, or an empty one, is an outage.
func challenge(answer *radius.Packet, server string, req *primary.Request, earlier trails, codeSpent bool) error {
	states := texts(answer, typeState)
	if len(states) > 1 || len(states) == 1 && states[0] == "" {
		return fmt.Errorf("radius: server %s: Access-Challenge with a malformed State", server)
	}
	p := pending{server: server, username: req.Username, secrets: earlier.with(req)}
	if len(states) == 1 {
		p.state = []byte(states[0])
	}
	prompt, err := rfc2869.Prompt_Lookup(answer)
	return &primary.ChallengeError{
		Prompt: discreet(replyMessage(answer), req, earlier),
		Echo:   err == nil && prompt == rfc2869.Prompt_Value_Echo,
		State:  p.encode(),

		CodeSpent: codeSpent,
	}
}

// answers tells whether there was a question.
func (p pending) answers() bool { return p.username != "" }

// encode writes the version and the four fields, each after its length in two bytes.
func (p pending) encode() []byte {
	b := []byte{pendingVersion}
	for _, field := range [][]byte{p.state, []byte(p.username), []byte(p.server), p.secrets} {
		b = binary.BigEndian.AppendUint16(b, uint16(len(field)))
		b = append(b, field...)
	}
	return b
}

// decodePending takes exactly what encode makes.
func decodePending(b []byte) (pending, error) {
	if len(b) == 0 || b[0] != pendingVersion {
		return pending{}, errPending
	}
	var fields [4][]byte
	b = b[1:]
	for i := range fields {
		if len(b) < 2 || len(b)-2 < int(binary.BigEndian.Uint16(b)) {
			return pending{}, errPending
		}
		end := 2 + int(binary.BigEndian.Uint16(b))
		fields[i], b = b[2:end], b[end:]
	}
	p := pending{state: fields[0], username: string(fields[1]), server: string(fields[2]), secrets: fields[3]}
	if len(b) > 0 || !p.secrets.valid() || len(p.state) > maxAttribute || p.username == "" || p.server == "" {
		return pending{}, errPending
	}
	return p, nil
}

// parsePending also asks that the server is still one of ours.
func (b *Backend) parsePending(state []byte) (pending, error) {
	p, err := decodePending(state)
	if err != nil {
		return pending{}, err
	}
	if !slices.Contains(b.servers, p.server) {
		return pending{}, fmt.Errorf("radius: %q asked a question and is no longer one of radius.servers", p.server)
	}
	return p, nil
}
