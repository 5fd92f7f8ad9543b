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
)

// errNotForUs is about a packet that does not claim to answer our request.
var errNotForUs = errors.New("not an answer to this request")

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
	switch radius.Code(answer[0]) {
	case radius.CodeAccessAccept, radius.CodeAccessReject, radius.CodeAccessChallenge:
	default:
		return nil, fmt.Errorf("code %d, which answers no Access-Request", answer[0])
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
		return nil, errors.New("answer without Message-Authenticator (CVE-2024-3596): make the server send it")
	}
	return answer, nil
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

// findMessageAuthenticator walks over the attributes, all of which have to be
// whole, and returns the offset of the one Message-Authenticator's value; 0: there is none.
func findMessageAuthenticator(packet []byte) (int, error) {
	found := 0
	for at := headerLen; at < len(packet); {
		rest := packet[at:]
		if len(rest) < 2 || rest[1] < 2 || int(rest[1]) > len(rest) {
			return 0, fmt.Errorf("malformed attribute at byte %d", at)
		}
		if rest[0] == typeMsgAuth {
			if found != 0 {
				return 0, errors.New("more than one Message-Authenticator")
			}
			if rest[1] != 2+md5.Size {
				return 0, fmt.Errorf("malformed Message-Authenticator of %d bytes", rest[1]-2)
			}
			found = at + 2
		}
		at += int(rest[1])
	}
	return found, nil
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
