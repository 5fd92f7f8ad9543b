package fakeldap

import (
	"fmt"
	"strconv"
	"strings"

	ber "github.com/go-asn1-ber/asn1-ber"
	goldap "github.com/go-ldap/ldap/v3"
)

// page is what a request for simple paged results asks for, RFC 2696.
type page struct{ size, from int }

func pageAsked(request *ber.Packet) *page {
	if len(request.Children) < 3 {
		return nil
	}
	for _, child := range request.Children[2].Children {
		c, err := goldap.DecodeControl(child)
		if paging, ok := c.(*goldap.ControlPaging); ok && err == nil {
			from, _ := strconv.Atoi(string(paging.Cookie)) // none: from the beginning
			return &page{int(paging.PagingSize), from}
		}
	}
	return nil
}

// cut keeps what may be sent at once.
func (c *client) cut(found []Entry, code uint16, limit int, controls []Control) ([]Entry, uint16, []Control) {
	most := c.server.options.MaxEntries
	if c.page != nil && limit == 0 {
		from := min(c.page.from, len(found))
		size := c.page.size
		if most > 0 {
			size = min(size, most)
		}
		to := min(from+size, len(found))
		cookie := ""
		if to < len(found) {
			cookie = strconv.Itoa(to)
		}
		value := ber.NewSequence("")
		value.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, 0, ""))
		value.AppendChild(octets(cookie))
		return found[from:to], code, append(controls, Control{goldap.ControlTypePaging, string(value.Bytes())})
	}
	if limit == 0 || most > 0 && most < limit {
		limit = most
	}
	if limit > 0 && len(found) > limit {
		return found[:limit], sizeLimitExceeded, controls
	}
	return found, code, controls
}

func entry(e Entry, wanted []string, maxValues int) *ber.Packet {
	p := ber.Encode(ber.ClassApplication, ber.TypeConstructed, tagSearchEntry, nil, "")
	p.AppendChild(octets(e.DN))
	list := ber.NewSequence("")
	for _, name := range wanted {
		name, option, _ := strings.Cut(name, ";range=")
		stored, values := e.attribute(name)
		stored, values = slice(stored, values, option, maxValues)
		if len(values) == 0 {
			continue
		}
		set := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSet, nil, "")
		for _, v := range values {
			set.AppendChild(octets(v))
		}
		attribute := ber.NewSequence("")
		attribute.AppendChild(octets(stored))
		attribute.AppendChild(set)
		list.AppendChild(attribute)
	}
	p.AppendChild(list)
	return p
}

// slice keeps the values from the asked first one on, as many as may be sent.
func slice(name string, values []string, option string, most int) (string, []string) {
	if most == 0 || option == "" && len(values) <= most {
		return name, values
	}
	first, _, _ := strings.Cut(option, "-")
	from, _ := strconv.Atoi(first)
	from = min(from, len(values))
	to, last := min(from+most, len(values)), "*"
	if to < len(values) {
		last = strconv.Itoa(to - 1)
	}
	return fmt.Sprintf("%s;range=%d-%s", name, from, last), values[from:to]
}
