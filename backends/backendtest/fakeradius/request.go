package fakeradius

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"net/netip"

	"layeh.com/radius"
	"layeh.com/radius/rfc2865"
	"layeh.com/radius/rfc2869"
)

// read takes a request apart.
func (s *Server) read(raw []byte, from netip.AddrPort, v11 bool) Request {
	req := Request{From: from, Raw: raw, V11: v11}
	p, err := radius.Parse(raw, []byte(s.opts.Secret))
	if err != nil || p.Code != radius.CodeAccessRequest && p.Code != radius.CodeStatusServer {
		return req
	}
	req.status = p.Code == radius.CodeStatusServer
	req.Identifier, req.Attributes = p.Identifier, p.Attributes
	req.Username = rfc2865.UserName_GetString(p)
	req.Password = rfc2865.UserPassword_GetString(p)
	req.State, _ = rfc2865.State_Lookup(p)
	req.Valid = s.valid(raw, p)
	if v11 {
		req.Password = string(p.Get(rfc2865.UserPassword_Type))
		_, signed := p.Lookup(rfc2869.MessageAuthenticator_Type)
		req.Valid = !signed && raw[1] == 0 && bytes.Equal(raw[8:20], make([]byte, 12))
	}
	return req
}

// valid makes the packet again with a zero Message-Authenticator and compares
// (RFC 3579 section 3.2).
func (s *Server) valid(raw []byte, p *radius.Packet) bool {
	macs, err := rfc2869.MessageAuthenticator_Gets(p)
	if err != nil || len(macs) != 1 || len(macs[0]) != md5.Size {
		return false
	}
	zeroed := bytes.Replace(raw, macs[0], make([]byte, md5.Size), 1)
	mac := hmac.New(md5.New, []byte(s.opts.Secret))
	mac.Write(zeroed)
	return hmac.Equal(mac.Sum(nil), macs[0])
}

// verdict is what an honest server says.
func (s *Server) verdict(req Request) (radius.Code, radius.Attributes) {
	user, known := s.opts.Users[req.Username]
	accept := append(s.success(req, user.password(req)), user.Accept...)
	if s.opts.AcceptAll {
		return radius.CodeAccessAccept, accept
	}
	round, right := user.reached(req)
	switch {
	case !known || !right:
		return radius.CodeAccessReject, append(replyMessages(s.opts.Reject), s.opts.RejectExtra...)
	case round < len(user.Rounds):
		return radius.CodeAccessChallenge, user.Rounds[round].attributes()
	default:
		return radius.CodeAccessAccept, accept
	}
}

// password is what has to be proved at this point of the user's dialogue.
func (u User) password(req Request) string {
	for _, r := range u.Rounds {
		if len(req.State) > 0 && bytes.Equal(r.State, req.State) {
			return r.Answer
		}
	}
	return u.Password
}

// reached tells how many rounds are answered with this request, and whether
// its password is the right one for where it stands.
func (u User) reached(req Request) (rounds int, right bool) {
	if len(req.State) == 0 && req.proves(u.Password) {
		return 0, true
	}
	for i, r := range u.Rounds {
		if bytes.Equal(r.State, req.State) && req.proves(r.Answer) {
			return i + 1, true
		}
	}
	return 0, false
}

func (r Round) attributes() radius.Attributes {
	attrs := replyMessages(r.Prompt...)
	if len(r.State) > 0 {
		attrs.Add(rfc2865.State_Type, r.State)
	}
	if r.Echo != nil {
		echo := rfc2869.Prompt_Value_NoEcho
		if *r.Echo {
			echo = rfc2869.Prompt_Value_Echo
		}
		attrs.Add(rfc2869.Prompt_Type, radius.NewInteger(uint32(echo)))
	}
	return append(attrs, r.Extra...)
}

func replyMessages(texts ...string) radius.Attributes {
	var attrs radius.Attributes
	for _, text := range texts {
		if text != "" {
			attrs.Add(rfc2865.ReplyMessage_Type, []byte(text))
		}
	}
	return attrs
}
