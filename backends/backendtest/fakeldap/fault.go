package fakeldap

import (
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
)

// Step is a moment at which the server can misbehave.
type Step string

// The steps of a login, in their order.
const (
	Accept       Step = "accept" // before TLS and before anything is read
	StartTLS     Step = "StartTLS"
	ServiceBind  Step = "service bind"
	SearchUser   Step = "search user"
	SearchGroups Step = "search groups"
	UserBind     Step = "user bind"
	WhoAmI       Step = "who am I"
)

// Fault is what goes wrong at a step. The zero Fault is none.
type Fault struct {
	Delay      time.Duration // before the reply
	Code       uint16        // the result code in place of the right one, unless 0
	Diagnostic string        // the diagnosticMessage of every result
	Manner     Manner        // how the reply is sent
	Controls   []Control     // come with the result
}

// Control is a response control, RFC 4511 section 4.1.11.
type Control struct {
	OID   string
	Value string // BER, where the control has a value of that form; empty: none
}

func (f Fault) zero() bool {
	return f.Delay == 0 && f.Code == 0 && f.Diagnostic == "" && f.Manner == "" && len(f.Controls) == 0
}

// Manner is a way to send a reply, or not to. The zero Manner is the right one.
type Manner string

// The manners. At Accept only Silent, Close, Garbage and Drip make sense.
const (
	Silent     Manner = "silent"      // nothing comes, and the connection stays
	Close      Manner = "close"       // nothing comes, and the connection ends
	Half       Manner = "half"        // half a reply, then the end
	HalfSilent Manner = "half silent" // half a reply, and the connection stays
	Garbage    Manner = "garbage"     // octets that are no BER
	Drip       Manner = "drip"        // an octet every 20 ms, of a reply without end
	Flood      Manner = "flood"       // messages without end that answer nothing
	WrongID    Manner = "wrong id"    // the reply to another message
	WrongOp    Manner = "wrong op"    // the result under another operation's tag
	NoCode     Manner = "no code"     // a result code without content
	LongCode   Manner = "long code"   // a result code of nine octets
	Twice      Manner = "twice"       // the reply, and the same again
	Goodbye    Manner = "goodbye"     // a notice of disconnection, RFC 4511 section 4.4.1
)

const (
	wrongID      = 4711
	dripInterval = 20 * time.Millisecond
)

// send writes the messages of one reply as the step's fault wants it, and
// tells whether the connection goes on.
func (c *client) send(f Fault, id int64, operations ...*ber.Packet) bool {
	if !c.sleep(f.Delay) {
		return false
	}
	switch f.Manner {
	case Silent:
		return c.hang()
	case Close:
		return false
	case WrongID:
		id = wrongID
	case Goodbye:
		c.conn.Write(message(0, noticeOfDisconnection()).Bytes())
		return false
	}
	var raw []byte
	for i, op := range operations {
		if i == len(operations)-1 {
			op = disfigure(f.Manner, op)
		}
		m := message(id, op)
		if i == len(operations)-1 {
			addControls(m, f.Controls)
		}
		raw = append(raw, m.Bytes()...)
	}
	return c.write(f.Manner, raw)
}

func (c *client) write(m Manner, raw []byte) bool {
	switch m {
	case Half, HalfSilent:
		c.conn.Write(raw[:len(raw)/2])
		return m == HalfSilent && c.hang()
	case Garbage:
		c.conn.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
		return false
	case Drip:
		return c.drip()
	case Flood:
		return c.flood()
	case Twice:
		raw = append(raw, raw...)
	}
	_, err := c.conn.Write(raw)
	return err == nil
}

// drip begins a message of 64 KiB.
func (c *client) drip() bool {
	next := []byte{0x30, 0x83, 0x01, 0x00, 0x00, 0x04, 0x82, 0xff, 0xf0}
	for {
		b := byte(0)
		if len(next) > 0 {
			b, next = next[0], next[1:]
		}
		if _, err := c.conn.Write([]byte{b}); err != nil || !c.sleep(dripInterval) {
			return false
		}
	}
}

func (c *client) flood() bool {
	raw := message(wrongID, result(ber.Tag(5), 0, "")).Bytes()
	for len(raw) < 16<<10 {
		raw = append(raw, raw...)
	}
	for {
		if _, err := c.conn.Write(raw); err != nil {
			return false
		}
	}
}

// hang keeps the connection until the other side or the server ends it.
func (c *client) hang() bool {
	b := make([]byte, 1)
	for {
		if _, err := c.conn.Read(b); err != nil {
			return false
		}
	}
}

func (c *client) sleep(d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-c.server.stop:
		return false
	}
}

// misbehaveOnAccept strikes before the first message; it tells whether the
// connection goes on.
func (c *client) misbehaveOnAccept() bool {
	f := c.server.fault(Accept)
	if !c.sleep(f.Delay) {
		return false
	}
	switch f.Manner {
	case "":
		return true
	case Silent:
		return c.hang()
	case Close:
		return false
	}
	return c.write(f.Manner, nil)
}
