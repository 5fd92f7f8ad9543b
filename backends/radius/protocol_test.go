package radius

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"layeh.com/radius"
	"layeh.com/radius/rfc2865"

	"ovpn-verify/backends/backendtest"
	"ovpn-verify/backends/backendtest/fakeradius"
	"ovpn-verify/verify/primary"
)

// speaking is a configuration for protocol.
func speaking(t *testing.T, protocol, server string) Config {
	cfg := config(t, server)
	cfg.Protocol = protocol
	return cfg
}

func TestConformanceOfProtocols(t *testing.T) {
	s := start(t, fakeradius.Options{})
	for _, protocol := range []string{protocolCHAP, protocolMSCHAP} {
		t.Run(protocol, func(t *testing.T) {
			backendtest.Suite{Backend: backend(t, speaking(t, protocol, s.Addr())), Username: "alice", Identity: "alice", Password: password}.Run(t)
		})
	}
	for _, req := range s.Requests() {
		if bytes.Contains(req.Raw, []byte(password)) || req.Attributes.Get(rfc2865.UserPassword_Type) != nil {
			t.Fatalf("the password went over the wire: %x", req.Raw)
		}
	}
}

// What goes out, beside the attributes of every request.
func TestAttributesOfProtocols(t *testing.T) {
	for protocol, want := range map[string]string{
		protocolCHAP:   "CHAP-Password 17, CHAP-Challenge 16, ",
		protocolMSCHAP: "MS 11 16, MS 25 50, ",
	} {
		s := start(t, fakeradius.Options{})
		b := backend(t, speaking(t, protocol, s.Addr()))
		seen := map[string]bool{}
		for range 10 {
			if _, err := b.CheckPassword(t.Context(), login("alice", password)); err != nil {
				t.Fatal(err)
			}
		}
		for _, req := range s.Requests() {
			var got strings.Builder
			for _, avp := range req.Attributes {
				switch avp.Type {
				case rfc2865.CHAPPassword_Type:
					fmt.Fprintf(&got, "CHAP-Password %d, ", len(avp.Attribute))
				case rfc2865.CHAPChallenge_Type:
					fmt.Fprintf(&got, "CHAP-Challenge %d, ", len(avp.Attribute))
					seen[string(avp.Attribute)] = true
				case rfc2865.VendorSpecific_Type:
					fmt.Fprintf(&got, "MS %d %d, ", avp.Attribute[4], len(avp.Attribute)-6)
					seen[string(avp.Attribute[6:22])] = true
				}
			}
			if got.String() != want || !req.Valid {
				t.Errorf("%s: %s want %s", protocol, got.String(), want)
			}
		}
		// MS-CHAPv2: server's challenge, and Ident, Flags and client's challenge.
		if n := len(seen); n != 10 && n != 20 {
			t.Errorf("%s: %d challenges in 10 requests", protocol, n)
		}
	}
}

// RFC 2759 section 8.2: both ends hash the name without DOMAIN\.
func TestMSCHAPWithADomain(t *testing.T) {
	s := start(t, fakeradius.Options{Users: map[string]fakeradius.User{`BIGCO\alice`: {Password: "pässword😀"}}})
	b := backend(t, speaking(t, protocolMSCHAP, s.Addr()))
	id, err := b.CheckPassword(t.Context(), login(`BIGCO\alice`, "pässword😀"))
	if err != nil || id.Name != `BIGCO\alice` {
		t.Errorf("identity %q, %v", id.Name, err)
	}
}

// An Access-Accept with every authenticator of RADIUS right does not count
// unless the server shows by MS-CHAPv2 that it knows the password too.
func TestAcceptWithoutProofOfThePasswordIsRefused(t *testing.T) {
	const malformed = "malformed MS-CHAP2-Success: refused"
	for name, c := range map[string]struct {
		success func([]byte) [][]byte
		want    string // "": accepted
	}{
		"right":           {func(b []byte) [][]byte { return [][]byte{b} }, ""},
		"with a message":  {func(b []byte) [][]byte { return [][]byte{append(b, " M=welcome"...)} }, ""},
		"in lower case":   {func(b []byte) [][]byte { return [][]byte{append(b[:3:3], bytes.ToLower(b[3:])...)} }, ""},
		"none":            {func([]byte) [][]byte { return nil }, "Access-Accept with 0 MS-CHAP2-Success in place of one: refused"},
		"two":             {func(b []byte) [][]byte { return [][]byte{b, b} }, "with 2 MS-CHAP2-Success"},
		"other Ident":     {func(b []byte) [][]byte { b[0]++; return [][]byte{b} }, "does not prove the password: refused"},
		"one digit wrong": {func(b []byte) [][]byte { b[42] = "10"[b[42]&1]; return [][]byte{b} }, "does not prove the password: refused"},
		"cut":             {func(b []byte) [][]byte { return [][]byte{b[:42]} }, malformed},
		"empty":           {func([]byte) [][]byte { return [][]byte{{}} }, malformed},
		"no S=":           {func(b []byte) [][]byte { b[1] = 'E'; return [][]byte{b} }, malformed},
		"no digits":       {func(b []byte) [][]byte { b[9] = 'x'; return [][]byte{b} }, malformed},
		"too long":        {func(b []byte) [][]byte { return [][]byte{append(b, 'A')} }, malformed},
	} {
		s := start(t, fakeradius.Options{Success: c.success})
		next := start(t, fakeradius.Options{})
		cfg := speaking(t, protocolMSCHAP, s.Addr())
		cfg.Servers = append(cfg.Servers, next.Addr())
		id, err := backend(t, cfg).CheckPassword(t.Context(), login("alice", password))
		switch {
		case c.want == "" && (err != nil || id.Name != "alice"):
			t.Errorf("%s: identity %q, %v", name, id.Name, err)
		case c.want != "" && (!errors.Is(err, primary.ErrRefused) || id.Name != "" || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: identity %q, %v; want %q", name, id.Name, err, c.want)
		}
		if n := len(next.Requests()); n != 0 {
			t.Errorf("%s: the next server was asked", name)
		}
	}
}

// A server that accepts everybody, and proves what it thinks the password is.
func TestServerThatAcceptsAWrongPassword(t *testing.T) {
	s := start(t, fakeradius.Options{AcceptAll: true})
	b := backend(t, speaking(t, protocolMSCHAP, s.Addr()))
	id, err := b.CheckPassword(t.Context(), login("alice", "wrong"))
	if !errors.Is(err, primary.ErrRefused) || id.Name != "" {
		t.Errorf("identity %q, %v; want a refusal", id.Name, err)
	}
}

// The answer to a challenge travels as the password did, proof included.
func TestChallengeOfProtocols(t *testing.T) {
	for _, protocol := range []string{protocolCHAP, protocolMSCHAP} {
		s := start(t, fakeradius.Options{Users: map[string]fakeradius.User{"carol": carol}})
		b := backend(t, speaking(t, protocol, s.Addr()))
		_, err := b.CheckPassword(t.Context(), login("carol", password))
		_, err = b.AnswerChallenge(t.Context(), login("carol", "246810"), asked(t, err).State)
		state := asked(t, err).State
		if _, err := b.AnswerChallenge(t.Context(), login("carol", "4321"), state); !errors.Is(err, primary.ErrRefused) {
			t.Errorf("%s: %v; want a refusal", protocol, err)
		}
		_, err = b.AnswerChallenge(t.Context(), login("carol", "1234"), state)
		if c := asked(t, err); c.Prompt != "" {
			t.Errorf("%s: %q", protocol, c.Prompt)
		}
	}
}

// It is refused before anybody is asked: there is no server of that name.
func TestPasswordThatTheProtocolCannotCarry(t *testing.T) {
	for _, c := range []struct{ protocol, password string }{
		{protocolPAP, strings.Repeat("x", 129)}, {protocolMSCHAP, strings.Repeat("x", 257)}, {protocolMSCHAP, "\xff"},
	} {
		id, err := backend(t, speaking(t, c.protocol, "server.invalid")).CheckPassword(t.Context(), login("alice", c.password))
		if !errors.Is(err, primary.ErrRefused) || id.Name != "" || strings.Contains(err.Error(), c.password) {
			t.Errorf("%s: identity %q, %v", c.protocol, id.Name, err)
		}
	}
}

func TestMSCHAPErrorIsTheCause(t *testing.T) {
	for value, want := range map[string]string{
		"\x07E=691 R=1 C=00112233445566778899aabbccddeeff V=3 M=nope": "Access-Reject: MS-CHAP-Error 691, wrong user name or password: refused",
		"E=648 R=0 V=3":    "MS-CHAP-Error 648, the password has expired: refused",
		"\xffE=647":        "MS-CHAP-Error 647, the account is disabled: refused",
		"EE=646 R=0":       "MS-CHAP-Error 646, outside of the hours in which the account may log in: refused",
		"\x00E=649 R=0":    "MS-CHAP-Error 649, the account may not dial in: refused",
		"\nE=999 R=0":      "Access-Reject: MS-CHAP-Error 999: refused",
		"\x00E=":           "Access-Reject: refused",
		"\x00E=691x":       "Access-Reject: refused",
		"":                 "Access-Reject: refused",
		"\x00M=E=691 R=1 ": "Access-Reject: refused",
	} {
		s := start(t, fakeradius.Options{RejectExtra: radius.Attributes{
			{Type: rfc2865.VendorSpecific_Type, Attribute: fakeradius.Vendor(311, 2, []byte(value))},
			{Type: rfc2865.VendorSpecific_Type, Attribute: fakeradius.Vendor(9, 2, []byte("\x00E=646 R=0"))},
		}})
		_, err := backend(t, speaking(t, protocolMSCHAP, s.Addr())).CheckPassword(t.Context(), login("alice", "wrong"))
		if !errors.Is(err, primary.ErrRefused) || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%q became %v; want %q", value, err, want)
		}
	}
}
