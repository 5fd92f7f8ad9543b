package fakeldap

import (
	"slices"
	"strings"

	ber "github.com/go-asn1-ber/asn1-ber"
	goldap "github.com/go-ldap/ldap/v3"
)

// search answers a SearchRequest, RFC 4511 section 4.5.1, of any scope as if
// it were for the whole subtree.
func (c *client) search(id int64, op *ber.Packet) bool {
	if len(op.Children) < 8 {
		return false
	}
	base, _ := op.Children[0].Value.(string)
	limit, _ := op.Children[3].Value.(int64)
	filter := op.Children[6]
	text, err := goldap.DecompileFilter(filter)
	if err != nil {
		return false
	}
	c.server.count(func(n *Counts) { n.Searches = append(n.Searches, text) })
	f := c.server.fault(SearchUser)
	if g := c.server.options.GroupBaseDN; g != "" && strings.EqualFold(base, g) {
		f = c.server.fault(SearchGroups)
	}
	found, code := c.server.find(c.bound, base, filter, int(limit))
	if f.Code != 0 {
		code = f.Code
	}
	var wanted []string
	for _, a := range op.Children[7].Children {
		name, _ := a.Value.(string)
		wanted = append(wanted, name)
	}
	var replies []*ber.Packet
	for _, e := range found {
		replies = append(replies, entry(e, wanted))
	}
	return c.send(f, id, append(replies, result(tagSearchDone, code, f.Diagnostic))...)
}

func (s *Server) find(bound, base string, filter *ber.Packet, limit int) ([]Entry, uint16) {
	if !strings.EqualFold(bound, s.options.ServiceDN) {
		return nil, insufficientAccessRights
	}
	code := uint16(noSuchObject)
	var found []Entry
	for _, e := range s.options.Entries {
		if !below(base, e.DN) {
			continue
		}
		if code == noSuchObject {
			code = success
		}
		if !e.matches(filter) {
			continue
		}
		if limit > 0 && len(found) == limit {
			return found, sizeLimitExceeded
		}
		found = append(found, e)
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

// matches evaluates the filters and, or, not, equality and presence; any other
// matches nothing.
func (e Entry) matches(filter *ber.Packet) bool {
	switch filter.Tag {
	case goldap.FilterAnd:
		return !slices.ContainsFunc(filter.Children, func(p *ber.Packet) bool { return !e.matches(p) })
	case goldap.FilterOr:
		return slices.ContainsFunc(filter.Children, e.matches)
	case goldap.FilterNot:
		return len(filter.Children) == 1 && !e.matches(filter.Children[0])
	case goldap.FilterPresent:
		_, values := e.attribute(filter.Data.String())
		return len(values) > 0
	case goldap.FilterEqualityMatch:
		return len(filter.Children) == 2 && e.has(filter.Children[0].Data.String(), filter.Children[1].Data.String())
	}
	return false
}

func (e Entry) has(name, value string) bool {
	_, values := e.attribute(name)
	return slices.ContainsFunc(values, func(v string) bool { return strings.EqualFold(v, value) })
}
