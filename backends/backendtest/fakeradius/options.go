// Package fakeradius is a RADIUS server on a loopback socket, for tests. It
// checks requests as a strict server does, plays users and rounds of
// challenges, and misbehaves on the wire as it is told.
package fakeradius

import (
	"crypto/tls"
	"slices"
	"time"

	"layeh.com/radius"
)

// Options say who is known and how the server behaves.
type Options struct {
	Secret string
	Users  map[string]User // by exact User-Name
	Addr   string          // of the socket; "127.0.0.1:0" when empty
	// TLS makes it a server over TLS in place of UDP: RFC 6614, and RFC 9765
	// where NextProtos has it chosen.
	TLS *tls.Config

	// AcceptAll makes every verdict an Access-Accept, so that a test sees
	// whether a misbehaviour lets somebody in.
	AcceptAll bool
	// Reject is the Reply-Message of refusals; none when empty.
	Reject string
	// RejectExtra is what else is in refusals.
	RejectExtra radius.Attributes
	// Success makes the values of MS-CHAP2-Success out of the right one, which
	// alone is sent when it is nil.
	Success func(right []byte) [][]byte
	// Delay is how long each answer takes, besides the user's.
	Delay time.Duration
	// Drop is how many of the first requests stay without an answer.
	Drop int
	// Answers are the datagrams for each request, in this order; one Good
	// when empty. Several make "first a bad one, then a good one".
	Answers []Kind
	// Status makes the server answer Status-Server (RFC 5997), whatever it does
	// about the rest.
	Status bool
}

// User is somebody with a password, for PAP, CHAP and MS-CHAPv2.
type User struct {
	Password string
	Delay    time.Duration     // of answers
	Answers  []Kind            // in place of Options.Answers
	Rounds   []Round           // what is asked after the right password, one after the other
	Accept   radius.Attributes // of the Access-Accept
}

// Round is one Access-Challenge and its right answer.
type Round struct {
	Prompt []string          // one Reply-Message each
	Echo   *bool             // the Prompt attribute; nil: there is none
	State  []byte            // as it stands; empty: there is none, and rounds are told apart by Answer
	Answer string            // what User-Password has to be in the next request
	Extra  radius.Attributes // besides
}

// Kind is one way to answer.
type Kind int

// Good is a right answer with the Message-Authenticator last, where FreeRADIUS
// 3.2.1 puts it. Those up to Padded are right too; those after it are not.
const (
	Good Kind = iota
	MessageAuthenticatorFirst
	Padded // bytes after the Length, to be ignored (RFC 2865 section 3)

	Silent
	NoMessageAuthenticator
	WrongMessageAuthenticator // the Response Authenticator over it is right
	TwoMessageAuthenticators
	ShortMessageAuthenticator // 15 bytes
	LongMessageAuthenticator  // 17 bytes
	WrongResponseAuthenticator
	WrongSecret
	WrongIdentifier
	WrongCode // 5, Accounting-Response
	OtherPort // right, but from another socket
	Garbage
	Empty
	Truncated         // shorter than its Length
	ShortLength       // Length below the 20 bytes of the header
	EmptyAttribute    // an attribute of length 0, the rest authentic
	OneByteAttribute  // an attribute of length 1, the rest authentic
	OverlongAttribute // an attribute that runs over the end, the rest authentic
	OtherRequest      // authentic, but for another Request Authenticator
	Reflected         // the request itself

	// Over TLS alone.
	HalfAnswer   // the first half of a right one, and no more
	HalfAndClose // the same, and then the end of the connection
	Hangup       // the end of the connection in place of an answer
	TooLong      // Length above 4096, the rest authentic
)

// Wrong lists every kind that must count for nothing over UDP, Silent among them.
func Wrong() []Kind { return kindsTo(Reflected) }

// WrongOverTLS lists those over TLS, where there is no other port and no empty packet.
func WrongOverTLS() []Kind {
	return slices.DeleteFunc(kindsTo(TooLong), func(k Kind) bool { return k == OtherPort || k == Empty })
}

func kindsTo(last Kind) []Kind {
	var all []Kind
	for k := Silent; k <= last; k++ {
		all = append(all, k)
	}
	return all
}
