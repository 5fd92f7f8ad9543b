package fakeldap

import (
	"crypto/tls"
	"io"
	"net"
	"strings"

	ber "github.com/go-asn1-ber/asn1-ber"
)

// maxMessage bounds what a client may send at once, in bytes.
const maxMessage = 1 << 20

// client is one connection and what it is bound as.
type client struct {
	server *Server
	conn   net.Conn
	bound  string // DN; empty: anonymous
	since  int    // the generation of binds it belongs to
	binds  int    // that it was sent
	page   *page  // what the present request asks for; nil: everything
}

func newClient(s *Server, c net.Conn) *client { return &client{server: s, conn: c} }

func (c *client) run() {
	if !c.misbehaveOnAccept() {
		return
	}
	if c.server.options.LDAPS && !c.encrypt() {
		return
	}
	for {
		p, err := ber.ReadPacket(io.LimitReader(c.conn, maxMessage))
		if err != nil || len(p.Children) < 2 {
			return
		}
		id, ok := p.Children[0].Value.(int64)
		c.page = pageAsked(p)
		if !ok || !c.answer(id, p.Children[1]) {
			return
		}
	}
}

func (c *client) encrypt() bool {
	t := tls.Server(c.conn, c.server.options.TLS)
	c.conn = t
	return t.Handshake() == nil
}

func (c *client) answer(id int64, op *ber.Packet) bool {
	switch op.Tag {
	case tagBindRequest:
		c.countPlaintext()
		return c.bind(id, op)
	case tagSearchRequest:
		c.countPlaintext()
		return c.search(id, op)
	case tagExtendedRequest:
		return c.extended(id, op)
	}
	return false // unbind, or nothing we know
}

func (c *client) countPlaintext() {
	if _, encrypted := c.conn.(*tls.Conn); !encrypted {
		c.server.count(func(n *Counts) { n.Plaintext++ })
	}
}

func (c *client) extended(id int64, op *ber.Packet) bool {
	name := ""
	if len(op.Children) > 0 {
		name = op.Children[0].Data.String()
	}
	switch {
	case name == oidWhoAmI && c.server.options.WhoAmI:
		return c.send(c.server.fault(WhoAmI), id, whoAmI(c.bound))
	case name != oidStartTLS:
		return c.send(Fault{}, id, result(tagExtendedResponse, protocolError, ""))
	}
	c.server.count(func(n *Counts) { n.StartTLS++ })
	f, code := c.server.fault(StartTLS), uint16(success)
	if c.server.options.TLS == nil {
		code = protocolError
	}
	if f.Code != 0 {
		code = f.Code
	}
	if !c.send(f, id, result(tagExtendedResponse, code, f.Diagnostic)) {
		return false
	}
	return code != success || c.encrypt()
}

// tagSASL is the choice of SaslCredentials, RFC 4511 section 4.2.
const tagSASL ber.Tag = 3

// bind compares and forgets the password; only the name is counted.
func (c *client) bind(id int64, op *ber.Packet) bool {
	if len(op.Children) < 3 {
		return false
	}
	dn, _ := op.Children[1].Value.(string)
	auth := op.Children[2]
	external := c.server.options.External && auth.Tag == tagSASL && len(auth.Children) > 0 && auth.Children[0].Data.String() == "EXTERNAL"
	if external {
		dn = c.server.options.ServiceDN
	}
	c.server.count(func(n *Counts) { n.Binds = append(n.Binds, dn) })
	f := c.server.fault(UserBind)
	if strings.EqualFold(dn, c.server.options.ServiceDN) {
		f = c.server.fault(ServiceBind)
	}
	code, right := c.server.checkBind(dn, auth)
	if external {
		code = success
	}
	if f.zero() {
		f = right
	}
	if c.binds++; c.binds > 1 && !c.server.options.SecondBind.zero() {
		f = c.server.options.SecondBind
	}
	if f.Code != 0 {
		code = f.Code
	}
	if c.binds > 1 && c.server.options.Sticky {
		return c.send(Fault{}, id, result(tagBindResponse, success, ""))
	}
	c.bound = ""
	if code == success {
		c.bound, c.since = dn, c.server.present()
	}
	return c.send(f, id, result(tagBindResponse, code, f.Diagnostic))
}

// checkBind returns the result, and what the entry has in store for its password.
func (s *Server) checkBind(dn string, auth *ber.Packet) (uint16, Fault) {
	if auth.ClassType != ber.ClassContext || auth.Tag != 0 {
		return authMethodNotSupported, Fault{}
	}
	password := auth.Data.String()
	switch {
	case dn == "" && password == "":
		return success, Fault{}
	case dn == "" || password == "":
		if s.options.Unauthenticated {
			return success, Fault{}
		}
		return unwillingToPerform, Fault{}
	}
	for _, e := range s.options.Entries {
		if !strings.EqualFold(e.DN, dn) {
			continue
		}
		switch {
		case e.Password == "":
			return inappropriateAuthentication, Fault{}
		case e.Password == password:
			return success, e.Right
		}
	}
	return invalidCredentials, Fault{}
}
