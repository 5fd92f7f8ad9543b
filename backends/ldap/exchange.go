package ldap

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"syscall"

	ber "github.com/go-asn1-ber/asn1-ber"
	goldap "github.com/go-ldap/ldap/v3"
)

const (
	// bindMessageID is none of the library's, which counts from 1: what belongs to a
	// bind can answer no search.
	bindMessageID = 1 << 20

	// answerBuffer holds a usual answer to a bind, in bytes; longer ones are read in
	// parts. A thousand logins wait with one each.
	answerBuffer = 256

	// maxAnswer bounds an answer to a bind, in bytes: a code, a text and a few controls.
	maxAnswer = 16 << 10

	ldapVersion = 3
)

// send writes a bind, before the library has the connection. A bind has the connection for itself (RFC 4511 section 4.2.1), and
// a thousand logins may wait for theirs: the library's three goroutines and its
// buffer for each came to more memory than all the rest. And it reads a result
// code of no or of too many octets, or in an answer to something else, as success.
func (s *session) send(name string, credentials *ber.Packet, controls ...goldap.Control) error {
	_, err := s.wire.Write(bindRequest(name, credentials, controls).Bytes())
	return err
}

// answer reads what came back for a bind.
func (s *session) answer() (*ber.Packet, error) {
	answer, err := onlyMessage(s.wire)
	if err != nil {
		return nil, err
	}
	// Message id 0 would be a notice of disconnection, RFC 4511 section 4.4.
	if len(answer.Children) == 0 || answer.Children[0].Value != int64(bindMessageID) {
		return nil, errors.New("the answer belongs to another request")
	}
	return answer, nil
}

// awaitAnswer waits until something came, or the connection ended. To read takes
// a deep stack in TLS, and a buffer; while a login waits it shall have neither.
// Nothing is lost: TLS has read nothing since the request was sent.
func (s *session) awaitAnswer() {
	raw, err := s.raw.SyscallConn()
	if err != nil {
		return // reading tells
	}
	_ = raw.Read(func(fd uintptr) bool {
		var b [1]byte
		_, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		return !errors.Is(err, syscall.EAGAIN)
	})
}

// bindRequest is that of RFC 4511 section 4.2.
func bindRequest(name string, credentials *ber.Packet, controls []goldap.Control) *ber.Packet {
	p := message(bindMessageID)
	op := ber.Encode(ber.ClassApplication, ber.TypeConstructed, goldap.ApplicationBindRequest, nil, "")
	op.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, ldapVersion, ""))
	op.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, name, ""))
	op.AppendChild(credentials)
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

func simpleCredentials(password string) *ber.Packet {
	return ber.NewString(ber.ClassContext, ber.TypePrimitive, 0, password, "")
}

func externalCredentials() *ber.Packet {
	p := ber.Encode(ber.ClassContext, ber.TypeConstructed, 3, nil, "")
	p.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, "EXTERNAL", ""))
	p.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, "", ""))
	return p
}

// unbindRequest is that of RFC 4511 section 4.3.
func unbindRequest() *ber.Packet {
	p := message(bindMessageID + 1)
	p.AppendChild(ber.Encode(ber.ClassApplication, ber.TypePrimitive, goldap.ApplicationUnbindRequest, nil, ""))
	return p
}

func message(id int64) *ber.Packet {
	p := ber.NewSequence("")
	p.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, id, ""))
	return p
}

// onlyMessage reads what came back for a bind. Anything beside the one message is
// not expected there, and nothing unexpected lets anybody in.
func onlyMessage(from io.Reader) (*ber.Packet, error) {
	r := bufio.NewReaderSize(io.LimitReader(from, maxAnswer), answerBuffer)
	p, err := ber.ReadPacket(r)
	if err != nil {
		return nil, fmt.Errorf("the answer cannot be read: %w", err)
	}
	if r.Buffered() > 0 {
		return nil, errors.New("there is more than one answer")
	}
	return p, nil
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
