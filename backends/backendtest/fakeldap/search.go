package fakeldap

import (
	"slices"
	"strings"
	"unicode/utf8"

	ber "github.com/go-asn1-ber/asn1-ber"
	goldap "github.com/go-ldap/ldap/v3"
)

// search answers a SearchRequest, RFC 4511 section 4.5.1, of base scope or, for
// any other, the whole subtree.
func (c *client) search(id int64, op *ber.Packet) bool {
	if len(op.Children) < 8 {
		return false
	}
	base, _ := op.Children[0].Value.(string)
	scope, _ := op.Children[1].Value.(int64)
	limit, _ := op.Children[3].Value.(int64)
	filter := op.Children[6]
	text, err := goldap.DecompileFilter(filter)
	if err != nil {
		return false
	}
	c.server.count(func(n *Counts) { n.Searches = append(n.Searches, text) })
	f := c.server.fault(SearchUser)
	if g := c.server.options.GroupBaseDN; g != "" && below(g, base) {
		f = c.server.fault(SearchGroups)
	}
	if c.since != c.server.present() {
		c.bound = ""
	}
	if base == "" && scope == goldap.ScopeBaseObject {
		return c.send(Fault{}, id, c.replies([]Entry{c.server.self()}, op.Children[7], success, "")...)
	}
	found, code := c.server.find(c.bound, base, scope == goldap.ScopeBaseObject, filter)
	found, code, f.Controls = c.cut(found, code, int(limit), f.Controls)
	if f.Code != 0 {
		code = f.Code
	}
	return c.send(f, id, c.replies(found, op.Children[7], code, f.Diagnostic)...)
}

// self is the rootDSE, RFC 4512 section 5.1, which everybody may read.
func (s *Server) self() Entry {
	e := Entry{Attributes: map[string][]string{"objectClass": {"top"}, "namingContexts": s.options.NamingContexts}}
	if s.options.Now != nil {
		e.Attributes["currentTime"] = []string{s.options.Now().UTC().Format("20060102150405.0Z")}
	}
	return e
}

func (c *client) replies(found []Entry, attributes *ber.Packet, code uint16, diagnostic string) []*ber.Packet {
	var wanted []string
	for _, a := range attributes.Children {
		name, _ := a.Value.(string)
		wanted = append(wanted, name)
	}
	var replies []*ber.Packet
	for _, e := range found {
		replies = append(replies, entry(e, wanted, c.server.options.MaxValues))
	}
	if url := c.server.options.Referral; url != "" {
		reference := ber.Encode(ber.ClassApplication, ber.TypeConstructed, tagSearchReference, nil, "")
		reference.AppendChild(octets(url))
		replies = append(replies, reference)
	}
	return append(replies, result(tagSearchDone, code, diagnostic))
}

func (s *Server) find(bound, base string, baseOnly bool, filter *ber.Packet) ([]Entry, uint16) {
	if !strings.EqualFold(bound, s.options.ServiceDN) && (!s.options.SelfRead || bound == "") {
		return nil, insufficientAccessRights
	}
	code := uint16(noSuchObject)
	var found []Entry
	for _, e := range s.options.Entries {
		if !below(base, e.DN) || baseOnly && !strings.EqualFold(base, e.DN) {
			continue
		}
		code = success
		if s.matches(e, filter) {
			found = append(found, e)
		}
	}
	return found, code
}

// below takes the DNs as they are written. An entry without a DN is
// everywhere, so that a search can bring it up.
func below(base, dn string) bool {
	base, dn = strings.ToLower(base), strings.ToLower(dn)
	return strings.TrimSpace(dn) == "" || dn == base || strings.HasSuffix(dn, ","+base)
}

// attribute finds an attribute by its name in any case.
func (e Entry) attribute(name string) (stored string, values []string) {
	for k, v := range e.Attributes {
		if strings.EqualFold(k, name) {
			return k, v
		}
	}
	return "", nil
}

// matches evaluates the filters and, or, not, equality, presence and Active
// Directory's rule for groups in groups; any other matches nothing.
func (s *Server) matches(e Entry, filter *ber.Packet) bool {
	is := func(p *ber.Packet) bool { return s.matches(e, p) }
	switch filter.Tag {
	case goldap.FilterAnd:
		return !slices.ContainsFunc(filter.Children, func(p *ber.Packet) bool { return !is(p) })
	case goldap.FilterOr:
		return slices.ContainsFunc(filter.Children, is)
	case goldap.FilterNot:
		return len(filter.Children) == 1 && !is(filter.Children[0])
	case goldap.FilterPresent:
		name := filter.Data.String()
		_, values := e.attribute(name)
		return len(values) > 0 || strings.EqualFold(name, "objectClass")
	case goldap.FilterEqualityMatch:
		return len(filter.Children) == 2 && e.has(filter.Children[0].Data.String(), filter.Children[1].Data.String())
	case goldap.FilterExtensibleMatch:
		return len(filter.Children) >= 3 && filter.Children[0].Data.String() == ruleInChain &&
			s.inChain(e, filter.Children[1].Data.String(), filter.Children[2].Data.String(), 10)
	}
	return false
}

const ruleInChain = "1.2.840.113556.1.4.1941"

// inChain tells whether dn is a member of the group e, or of a group in it.
func (s *Server) inChain(e Entry, attribute, dn string, depth int) bool {
	if e.has(attribute, dn) {
		return true
	}
	return depth > 0 && slices.ContainsFunc(s.options.Entries, func(inner Entry) bool {
		return e.has(attribute, inner.DN) && s.inChain(inner, attribute, dn, depth-1)
	})
}

func (e Entry) has(name, value string) bool {
	_, values := e.attribute(name)
	return slices.ContainsFunc(values, func(v string) bool {
		return v == value || utf8.ValidString(v) && strings.EqualFold(v, value)
	})
}
