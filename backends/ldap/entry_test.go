package ldap

import (
	"bytes"
	"testing"

	ber "github.com/go-asn1-ber/asn1-ber"
	goldap "github.com/go-ldap/ldap/v3"
)

func sequence(of ...*ber.Packet) *ber.Packet {
	p := ber.NewSequence("")
	for _, child := range of {
		p.AppendChild(child)
	}
	return p
}

func set(of ...*ber.Packet) *ber.Packet {
	p := sequence(of...)
	p.Tag = ber.TagSet
	return p
}

// TestAnEntryIsReadWholeOrNotAtAll: what is left out of memberOf is a refusal.
func TestAnEntryIsReadWholeOrNotAtAll(t *testing.T) {
	dn := octets("uid=ada")
	for name, c := range map[string]struct {
		entry []*ber.Packet
		good  bool
	}{
		"attributes":                {[]*ber.Packet{dn, sequence(sequence(octets("uid"), set(octets("ada"))))}, true},
		"no attributes":             {[]*ber.Packet{dn, sequence()}, true},
		"an attribute of no values": {[]*ber.Packet{dn, sequence(sequence(octets("uid"), set()))}, true},
		"no list":                   {[]*ber.Packet{dn}, false},
		"no DN":                     {[]*ber.Packet{sequence(), sequence()}, false},
		"text for the list":         {[]*ber.Packet{dn, octets("0\x00")}, false},
		"text for an attribute":     {[]*ber.Packet{dn, sequence(octets("uid"))}, false},
		"text for the values":       {[]*ber.Packet{dn, sequence(sequence(octets("uid"), octets("ada")))}, false},
		"a list for a value":        {[]*ber.Packet{dn, sequence(sequence(octets("uid"), set(set())))}, false},
	} {
		op := operation(goldap.ApplicationSearchResultEntry)
		for _, p := range c.entry {
			op.AppendChild(p)
		}
		raw := append(message(searchID, op, nil).Bytes(), doneMessage(searchID, 0)...)
		found, err := searchAnswers(bytes.NewReader(raw), searchID)
		if (err == nil) != c.good || c.good && len(found.Entries) != 1 {
			t.Errorf("%s: %+v, %v", name, found, err)
		}
	}
}
