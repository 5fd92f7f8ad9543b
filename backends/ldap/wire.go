package ldap

import (
	"errors"
	"net"
	"sync"
)

// maxReplies bounds what one login reads from a server, in bytes. A user with
// thousands of groups needs a few hundred thousand. The BER decoder would take
// messages of 2 GiB, and makes up to a hundred octets in memory of each.
const maxReplies = 1 << 20

var errTooMuch = errors.New("the server sent more than 1 MiB for one login")

// wire is the connection below the LDAP library, above TLS. It limits what is
// read, and keeps a copy of the answer to a bind: the library reads a result
// code of no or of too many octets, or in an answer to something else, as
// success, so the answer is read again, strictly.
type wire struct {
	net.Conn

	mu   sync.Mutex
	left int
	tap  bool
	seen []byte
}

func newWire(c net.Conn) *wire { return &wire{Conn: c, left: maxReplies} }

// reset begins the count anew, for another login.
func (w *wire) reset() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.left = maxReplies
}

// Read is called by the library's reader alone.
func (w *wire) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.left -= n; w.left < 0 {
		return 0, errTooMuch
	}
	if w.tap {
		w.seen = append(w.seen, p[:n]...)
	}
	return n, err
}

// record begins the copy. Call it before the request is sent: what is in it
// at the end then includes the whole answer.
func (w *wire) record() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tap, w.seen = true, nil
}

// recorded ends the copy and returns it.
func (w *wire) recorded() []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tap = false
	return w.seen
}
