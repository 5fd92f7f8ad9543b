package ldap

import (
	"errors"
	"net"

	ber "github.com/go-asn1-ber/asn1-ber"
)

// maxReplies bounds what one login reads from a server, in bytes. A user with
// thousands of groups needs a few hundred thousand. The BER decoder would take
// messages of 2 GiB, and makes up to a hundred octets in memory of each.
const maxReplies = 1 << 20

// maxAnswerDepth bounds how deep an answer is nested. A value of an entry is at the
// sixth level. The decoder copies every element once for each level it is in, and
// with its own bound of 1,000 it made a gigabyte of one mebibyte.
const maxAnswerDepth = 16

func init() { ber.MaxPacketLengthBytes, ber.MaxNestingDepth = maxReplies, maxAnswerDepth }

var errTooMuch = errors.New("the server sent more than 1 MiB for one login")

// wire is the connection below LDAP, above TLS. It limits what is read.
type wire struct {
	net.Conn

	left int
}

func newWire(c net.Conn) *wire { return &wire{Conn: c, left: maxReplies} }

// reset begins the count anew, for another login.
func (w *wire) reset() { w.left = maxReplies }

func (w *wire) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	if w.left -= n; w.left < 0 {
		return 0, errTooMuch
	}
	return n, err
}
