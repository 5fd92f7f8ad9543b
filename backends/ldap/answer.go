package ldap

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"sync"

	ber "github.com/go-asn1-ber/asn1-ber"
	goldap "github.com/go-ldap/ldap/v3"
)

const (
	// answerBuffer holds a usual answer to a bind, in bytes; longer ones are read in
	// parts.
	answerBuffer = 256

	// maxAnswer bounds an answer to a bind, in bytes: a code, a text and a few controls.
	maxAnswer = 16 << 10

	// intermediateResponse is that of RFC 4511 section 4.13.
	intermediateResponse ber.Tag = 25
)

// onlyMessage reads what came back for a bind. Anything beside the one message is
// not expected there, and nothing unexpected lets anybody in.
func onlyMessage(from io.Reader) (*ber.Packet, error) {
	r := bufio.NewReaderSize(io.LimitReader(from, maxAnswer), answerBuffer)
	p, err := ber.ReadPacket(r)
	if err != nil {
		return nil, unreadable(err)
	}
	return p, nothingMore(r)
}

func unreadable(err error) error { return fmt.Errorf("the answer cannot be read: %w", err) }

func nothingMore(r *bufio.Reader) error {
	if r.Buffered() > 0 {
		return errors.New("there is more than one answer")
	}
	return nil
}

// checkID tells an answer to the request from one to another, and from a notice of
// disconnection (RFC 4511 section 4.4), which has message id 0.
func checkID(answer *ber.Packet, id int64) error {
	if len(answer.Children) > 0 && answer.Children[0].Value == id {
		return nil
	}
	if len(answer.Children) > 0 && answer.Children[0].Value == int64(0) {
		return disconnected(answer)
	}
	return errors.New("the answer belongs to another request")
}

// errGoodbye is a notice of disconnection in place of an answer.
var errGoodbye = errors.New("the server ends the connection")

// disconnected is not the notice's result itself, which says nothing about the
// request. The server's words stay out: a password in them might be quoted.
func disconnected(notice *ber.Packet) error {
	r, told := errors.AsType[resultError](checkSuccess(notice, goldap.ApplicationExtendedResponse))
	if !told {
		return errGoodbye
	}
	return fmt.Errorf("%w: %s", errGoodbye, resultError{code: r.code}.Error())
}

// readers are for the answers to searches.
var readers = sync.Pool{New: func() any { return bufio.NewReader(nil) }}

// searchAnswers reads what a search finds, up to its result. With an error, what
// came before it is returned as well.
func searchAnswers(from io.Reader, id int64) (*goldap.SearchResult, error) {
	r := readers.Get().(*bufio.Reader)
	r.Reset(from)
	defer func() {
		r.Reset(nil)
		readers.Put(r)
	}()
	found := &goldap.SearchResult{}
	for {
		p, err := ber.ReadPacket(r)
		if err != nil {
			return found, unreadable(err)
		}
		if err := checkID(p, id); err != nil {
			return found, err
		}
		done, err := add(found, p)
		if done {
			return found, cmp.Or(nothingMore(r), err)
		}
		if err != nil {
			return found, err
		}
	}
}

// add takes one message of RFC 4511 section 4.5.2, and tells whether it was the last.
func add(found *goldap.SearchResult, p *ber.Packet) (done bool, err error) {
	switch op := operationOf(p); op.Tag {
	case goldap.ApplicationSearchResultEntry:
		entry, err := entryOf(op)
		if err == nil {
			found.Entries = append(found.Entries, entry)
		}
		return false, err
	case goldap.ApplicationSearchResultReference:
		for _, url := range op.Children {
			text, _ := url.Value.(string)
			found.Referrals = append(found.Referrals, text)
		}
		return false, nil
	case intermediateResponse:
		return false, nil
	}
	if err := checkSuccess(p, goldap.ApplicationSearchResultDone); err != nil {
		return true, err
	}
	found.Controls, err = controlsOf(p)
	return true, err
}

// operationOf returns what is in the envelope, or an operation that there is not.
func operationOf(p *ber.Packet) *ber.Packet {
	if len(p.Children) > 1 && p.Children[1].ClassType == ber.ClassApplication {
		return p.Children[1]
	}
	return &ber.Packet{}
}

var errNoEntry = errors.New("an entry of the answer is none")

// entryOf takes the entry apart that a search found. All of it has to be in order:
// what is judged is whether something is in it.
func entryOf(op *ber.Packet) (*goldap.Entry, error) {
	dn, attributes, err := textAndList(op)
	if err != nil {
		return nil, err
	}
	entry := &goldap.Entry{DN: dn}
	for _, attribute := range attributes {
		a, err := attributeOf(attribute)
		if err != nil {
			return nil, err
		}
		entry.Attributes = append(entry.Attributes, a)
	}
	return entry, nil
}

func attributeOf(p *ber.Packet) (*goldap.EntryAttribute, error) {
	name, values, err := textAndList(p)
	if err != nil {
		return nil, err
	}
	a := &goldap.EntryAttribute{Name: name}
	for _, value := range values {
		text, ok := value.Value.(string)
		if !ok {
			return nil, errNoEntry
		}
		a.Values, a.ByteValues = append(a.Values, text), append(a.ByteValues, value.ByteValue)
	}
	return a, nil
}

// textAndList are an entry's name and its attributes, or an attribute's and its values.
// Read as a list, anything else would be an empty one.
func textAndList(p *ber.Packet) (text string, list []*ber.Packet, err error) {
	if len(p.Children) < 2 || p.Children[1].TagType != ber.TypeConstructed {
		return "", nil, errNoEntry
	}
	text, ok := p.Children[0].Value.(string)
	if !ok {
		return "", nil, errNoEntry
	}
	return text, p.Children[1].Children, nil
}

// controlsOf are those of an answer. The error is about one that cannot be read.
func controlsOf(answer *ber.Packet) ([]goldap.Control, error) {
	var controls []goldap.Control
	for _, list := range answer.Children[min(2, len(answer.Children)):] {
		for _, child := range list.Children {
			c, err := goldap.DecodeControl(child)
			if err != nil {
				return nil, fmt.Errorf("a control of the answer cannot be read: %w", err)
			}
			controls = append(controls, c)
		}
	}
	return controls, nil
}
