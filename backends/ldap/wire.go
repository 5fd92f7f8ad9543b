package ldap

import (
	"cmp"
	"errors"
	"net"
	"os"
	"time"

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

	left  int
	ahead []byte // read before somebody asked
}

func newWire(c net.Conn) *wire { return &wire{Conn: c, left: maxReplies} }

// reset begins the count anew, for another login.
func (w *wire) reset() { w.left = maxReplies }

// heard tells whether the server has said anything to this login.
func (w *wire) heard() bool { return w.left < maxReplies }

// holds tells whether something was read that nobody asked for. TLS reads what is there,
// a second message with the first; the socket is not read here, as the time is over.
func (w *wire) holds() bool {
	if len(w.ahead) > 0 {
		return true
	}
	over := w.Conn.SetReadDeadline(time.Unix(1, 0))
	n, err := w.Conn.Read(make([]byte, 1))
	return over != nil || n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) || w.Conn.SetReadDeadline(time.Time{}) != nil
}

// beginWithin is how long begin waits for the rest of what has come in parts.
const beginWithin = 10 * time.Millisecond

// begin reads the first of an answer. os.ErrDeadlineExceeded: what came was none, or
// not the whole of a TLS record, and TLS waits for more.
func (w *wire) begin() error {
	if err := w.Conn.SetReadDeadline(time.Now().Add(beginWithin)); err != nil {
		return err
	}
	first := make([]byte, answerBuffer)
	n, err := w.Conn.Read(first)
	w.ahead = first[:n]
	return cmp.Or(w.Conn.SetReadDeadline(time.Time{}), err)
}

func (w *wire) Read(p []byte) (n int, err error) {
	if len(w.ahead) > 0 {
		n = copy(p, w.ahead)
		w.ahead = w.ahead[n:]
	} else {
		n, err = w.Conn.Read(p)
	}
	if w.left -= n; w.left < 0 {
		return 0, errTooMuch
	}
	return n, err
}
