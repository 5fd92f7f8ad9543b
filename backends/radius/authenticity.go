package radius

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"

	"layeh.com/radius"

	"ovpn-verify/backends/radius/radsec"
)

// errNotForUs is about a packet that does not claim to answer our request.
var errNotForUs = errors.New("not an answer to this request")

// errNoMsgAuth is about an answer that is authentic by MD5 alone.
var errNoMsgAuth = unfit("answer without Message-Authenticator (CVE-2024-3596): make the server send it")

// unfit is an answer that decides nothing, though the server may be all right.
type unfit string

func (u unfit) Error() string { return string(u) }

func (unfit) Is(target error) bool { return target == radsec.ErrUnfit }

// authentic returns the packet in datagram, without padding, when it is an
// Accept, Reject or Challenge that was made with the secret for this very
// request; otherwise the reason why it counts for nothing.
func authentic(datagram, request, secret []byte, requireMsgAuth bool) ([]byte, error) {
	answer, err := frame(datagram)
	if err != nil {
		return nil, err
	}
	if answer[1] != request[1] {
		return nil, fmt.Errorf("wrong Identifier: %w", errNotForUs)
	}
	if err := checkCode(answer[0]); err != nil {
		return nil, err
	}
	msgAuth, err := findMessageAuthenticator(answer)
	if err != nil {
		return nil, err
	}
	if !rightResponseAuthenticator(answer, request, secret) {
		return nil, errors.New("wrong Response Authenticator: is the shared secret the same at both ends?")
	}
	switch {
	case msgAuth > 0 && !rightMessageAuthenticator(answer, request, secret, msgAuth):
		return nil, errors.New("wrong Message-Authenticator")
	case msgAuth == 0 && requireMsgAuth:
		return nil, errNoMsgAuth
	}
	return answer, nil
}

// plausible is what is left to ask of a RADIUS/1.1 answer: a code that decides
// and whole attributes. A Message-Authenticator means nothing there (RFC 9765
// section 5.2).
func plausible(answer []byte) error {
	if err := walk(answer, func(byte, int, []byte) error { return nil }); err != nil {
		return err
	}
	return checkCode(answer[0])
}

func checkCode(code byte) error {
	switch radius.Code(code) {
	case radius.CodeAccessAccept, radius.CodeAccessReject, radius.CodeAccessChallenge:
		return nil
	default:
		return unfit(fmt.Sprintf("code %d, which answers no Access-Request", code))
	}
}

// frame cuts off what comes after the Length, which is padding (RFC 2865
// section 3).
func frame(datagram []byte) ([]byte, error) {
	if len(datagram) < headerLen {
		return nil, fmt.Errorf("packet of %d bytes: %w", len(datagram), errNotForUs)
	}
	length := int(binary.BigEndian.Uint16(datagram[2:]))
	if length < headerLen || length > len(datagram) {
		return nil, fmt.Errorf("packet of %d bytes with the Length %d: %w", len(datagram), length, errNotForUs)
	}
	return datagram[:length], nil
}

// findMessageAuthenticator returns the offset of the one Message-Authenticator's
// value; 0: there is none. All attributes have to be whole.
func findMessageAuthenticator(packet []byte) (int, error) {
	found := 0
	err := walk(packet, func(of byte, at int, value []byte) error {
		switch {
		case of != typeMsgAuth:
			return nil
		case found != 0:
			return errors.New("more than one Message-Authenticator")
		case len(value) != md5.Size:
			return fmt.Errorf("malformed Message-Authenticator of %d bytes", len(value))
		}
		found = at
		return nil
	})
	return found, err
}

// walk visits the attributes of a packet, each with the offset of its value,
// up to one that is not whole, which is an error.
func walk(packet []byte, visit func(of byte, at int, value []byte) error) error {
	for at := headerLen; at < len(packet); {
		rest := packet[at:]
		if len(rest) < 2 || rest[1] < 2 || int(rest[1]) > len(rest) {
			return fmt.Errorf("malformed attribute at byte %d", at)
		}
		if err := visit(rest[0], at+2, rest[2:rest[1]]); err != nil {
			return err
		}
		at += int(rest[1])
	}
	return nil
}

// rightResponseAuthenticator: MD5(Code+ID+Length+RequestAuth+Attributes+Secret),
// RFC 2865 section 3.
func rightResponseAuthenticator(answer, request, secret []byte) bool {
	hash := md5.New()
	hash.Write(answer[:authOffset])
	hash.Write(request[authOffset:headerLen])
	hash.Write(answer[headerLen:])
	hash.Write(secret)
	return subtle.ConstantTimeCompare(hash.Sum(nil), answer[authOffset:headerLen]) == 1
}

// rightMessageAuthenticator checks the value at offset at, on a copy.
func rightMessageAuthenticator(answer, request, secret []byte, at int) bool {
	packet := bytes.Clone(answer)
	copy(packet[authOffset:headerLen], request[authOffset:headerLen])
	clear(packet[at : at+md5.Size])
	return hmac.Equal(messageAuthenticator(packet, secret), answer[at:at+md5.Size])
}
