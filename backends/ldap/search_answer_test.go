package ldap

import (
	"bytes"
	"strings"
	"testing"

	ber "github.com/go-asn1-ber/asn1-ber"
	goldap "github.com/go-ldap/ldap/v3"
)

const searchID = 7

// What a server may send for a search, as messages.
func entryMessage(dn string, attributes ...*ber.Packet) []byte {
	list := ber.NewSequence("")
	for _, a := range attributes {
		list.AppendChild(a)
	}
	op := operation(goldap.ApplicationSearchResultEntry)
	op.AppendChild(octets(dn))
	op.AppendChild(list)
	return message(searchID, op, nil).Bytes()
}

func attribute(name string, values ...string) *ber.Packet {
	set := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSet, nil, "")
	for _, v := range values {
		set.AppendChild(octets(v))
	}
	p := ber.NewSequence("")
	p.AppendChild(octets(name))
	p.AppendChild(set)
	return p
}

func referenceMessage(urls ...string) []byte {
	op := operation(goldap.ApplicationSearchResultReference)
	for _, url := range urls {
		op.AppendChild(octets(url))
	}
	return message(searchID, op, nil).Bytes()
}

func intermediateMessage() []byte {
	return message(searchID, operation(intermediateResponse), nil).Bytes()
}

func doneMessage(id int64, code int64, controls ...goldap.Control) []byte {
	op := operation(goldap.ApplicationSearchResultDone)
	op.AppendChild(integer(ber.TagEnumerated, code))
	op.AppendChild(octets(""))
	op.AppendChild(octets("told"))
	return message(id, op, controls).Bytes()
}

func TestAnswersToASearch(t *testing.T) {
	ada, bob := entryMessage("uid=ada", attribute("cn", "Ada", "Countess"), attribute("mail")), entryMessage("uid=bob")
	for name, c := range map[string]struct {
		messages [][]byte
		entries  int
		fault    string // "": none
	}{
		"none":                       {[][]byte{doneMessage(searchID, 0)}, 0, ""},
		"two, and what is passed by": {[][]byte{ada, intermediateMessage(), referenceMessage("ldap://elsewhere/"), bob, doneMessage(searchID, 0)}, 2, ""},
		"some, then a limit":         {[][]byte{ada, bob, doneMessage(searchID, goldap.LDAPResultSizeLimitExceeded)}, 2, "Size Limit Exceeded"},
		"a refusal":                  {[][]byte{doneMessage(searchID, goldap.LDAPResultInsufficientAccessRights)}, 0, "told"},
		"cut short":                  {[][]byte{ada}, 1, "cannot be read"},
		"another search's":           {[][]byte{ada, doneMessage(searchID-1, 0)}, 1, "another request"},
		"a notice of disconnection":  {[][]byte{doneMessage(0, goldap.LDAPResultBusy)}, 0, "the server ends the connection"},
		"a result of another kind":   {[][]byte{message(searchID, bindRequest("", simpleCredentials("")), nil).Bytes()}, 0, "another operation"},
		"one more after the result":  {[][]byte{doneMessage(searchID, 0), ada}, 0, "more than one answer"},
		"one more after an error":    {[][]byte{doneMessage(searchID, goldap.LDAPResultBusy), ada}, 0, "more than one answer"},
		"an attribute without a set": {[][]byte{entryMessage("uid=ada", octets("cn")), doneMessage(searchID, 0)}, 0, "is none"},
		"a value that is no text":    {[][]byte{entryMessage("uid=ada", numberAttribute()), doneMessage(searchID, 0)}, 0, "is none"},
		"an entry without a name":    {[][]byte{message(searchID, operation(goldap.ApplicationSearchResultEntry), nil).Bytes()}, 0, "is none"},
		"nothing in the envelope":    {[][]byte{ber.NewSequence("").Bytes()}, 0, "another request"},
	} {
		found, err := searchAnswers(bytes.NewReader(bytes.Join(c.messages, nil)), searchID)
		if len(found.Entries) != c.entries || (err == nil) != (c.fault == "") || err != nil && !strings.Contains(err.Error(), c.fault) {
			t.Errorf("%s: %d entries, %v", name, len(found.Entries), err)
		}
		if c.entries == 2 && (found.Entries[0].DN != "uid=ada" || found.Entries[0].GetAttributeValues("cn")[1] != "Countess") {
			t.Errorf("%s: %+v", name, found.Entries[0])
		}
	}
}

func numberAttribute() *ber.Packet {
	set := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSet, nil, "")
	set.AppendChild(integer(ber.TagInteger, 1))
	p := ber.NewSequence("")
	p.AppendChild(octets("cn"))
	p.AppendChild(set)
	return p
}

func TestAPageEndsWithItsCookie(t *testing.T) {
	page := goldap.NewControlPaging(2)
	page.SetCookie([]byte("more"))
	found, err := searchAnswers(bytes.NewReader(doneMessage(searchID, 0, page)), searchID)
	if err != nil {
		t.Fatal(err)
	}
	answer, _ := goldap.FindControl(found.Controls, goldap.ControlTypePaging).(*goldap.ControlPaging)
	if answer == nil || string(answer.Cookie) != "more" {
		t.Errorf("%+v", found.Controls)
	}
}

// FuzzSearchAnswers holds that whatever comes is read to its end or is an error, and
// that nothing is found without a result that says success, or by another search.
func FuzzSearchAnswers(f *testing.F) {
	f.Add(bytes.Join([][]byte{entryMessage("uid=ada", attribute("cn", "Ada")), doneMessage(searchID, 0)}, nil))
	f.Add(bytes.Join([][]byte{referenceMessage("ldap://x/"), intermediateMessage(), doneMessage(searchID, 32)}, nil))
	f.Add(doneMessage(0, 52))
	f.Fuzz(func(t *testing.T, raw []byte) {
		found, err := searchAnswers(bytes.NewReader(raw), searchID)
		for _, e := range found.Entries {
			if e == nil && err == nil {
				t.Fatal("an entry is none, without an error")
			}
		}
		if err == nil && !bytes.Contains(raw, []byte{0x0a, 1, 0}) {
			t.Errorf("a success without the result code 0: %x", raw)
		}
		if _, err := searchAnswers(bytes.NewReader(raw), searchID+1); err == nil && bytes.Contains(raw, []byte{2, 1, searchID}) && !bytes.Contains(raw, []byte{2, 1, searchID + 1}) {
			t.Errorf("taken for another search's: %x", raw)
		}
	})
}
