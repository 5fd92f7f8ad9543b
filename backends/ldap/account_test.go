package ldap

import (
	"errors"
	"strings"
	"testing"

	"ovpn-verify/backends/backendtest/fakeldap"
	"ovpn-verify/verify/primary"
	"ovpn-verify/verify/trace"
)

// The password policy's and the older controls, as slapd and 389 send them.
const (
	oidPolicy   = "1.3.6.1.4.1.42.2.27.8.5.1"
	oidExpired  = "2.16.840.1.113730.3.4.4"
	oidExpiring = "2.16.840.1.113730.3.4.5"
)

func control(oid, value string) fakeldap.Control { return fakeldap.Control{OID: oid, Value: value} }

func policyError(code byte) fakeldap.Control {
	return control(oidPolicy, "\x30\x03\x81\x01"+string(code))
}

func activeDirectory(number string) fakeldap.Fault {
	return fakeldap.Fault{Code: 49, Diagnostic: "80090308: LdapErr: DSID-0C09042A, comment: AcceptSecurityContext error, data " + number + ", v3839\x00"}
}

func controls(code uint16, c ...fakeldap.Control) fakeldap.Fault {
	return fakeldap.Fault{Code: code, Controls: c}
}

// afterRight are replies to the right password.
var afterRight = map[string]struct {
	reply fakeldap.Fault
	want  outcome
	cause string
	user  string // empty: nothing but the common text
}{
	"AD 525":                     {activeDirectory("525"), refused, "there is no such user (data 525)", ""},
	"AD 52e":                     {activeDirectory("52e"), refused, "wrong password (data 52e)", ""},
	"AD 530":                     {activeDirectory("530"), refused, "logon hours", textNotNow},
	"AD 531":                     {activeDirectory("531"), refused, "not from this computer", textNotNow},
	"AD 532":                     {activeDirectory("532"), refused, "the password has expired (data 532)", textExpired},
	"AD 533":                     {activeDirectory("533"), refused, "the account is disabled (data 533)", textDisabled},
	"AD 701":                     {activeDirectory("701"), refused, "the account has expired (data 701)", textAccountEnd},
	"AD 773":                     {activeDirectory("773"), refused, "the password has to be changed (data 773)", textMustChange},
	"AD 775":                     {activeDirectory("775"), refused, "the account is locked (data 775)", ""},
	"AD, a number not known":     {activeDirectory("7d0"), refused, "data 7d0", ""},
	"AD 532, but not as code 49": {fakeldap.Fault{Code: 53, Diagnostic: activeDirectory("532").Diagnostic}, refused, "Unwilling", ""},
	"refused, expired":           {controls(49, policyError(0)), refused, "the password has expired", textExpired},
	"refused, locked":            {controls(49, policyError(1)), refused, "the account is locked", ""},
	"refused, must change":       {controls(49, policyError(2)), refused, "the password has to be changed", ""},
	"refused, 389 expired":       {controls(49, control(oidExpired, "0")), refused, "expired", textExpired},
	"busy, expired":              {controls(51, policyError(0)), down, "Busy (51)", ""},
	"success, expired":           {controls(0, policyError(0)), refused, "the password is right, but the password has expired", textExpired},
	"success, locked":            {controls(0, policyError(1)), refused, "the account is locked", ""},
	"success, must change":       {controls(0, policyError(2)), refused, "has to be changed after a reset", textMustChange},
	"success, some other error":  {controls(0, policyError(7)), refused, "the password policy says 7", ""},
	"success, 389 must change":   {controls(0, control(oidExpired, "0")), refused, "has to be changed", textMustChange},
	"success, both controls":     {controls(0, control(oidExpired, "0"), policyError(2)), refused, "after a reset", textMustChange},
	"success, twice":             {controls(0, policyError(2), control(oidPolicy, "\x30\x00")), refused, "after a reset", textMustChange},
	"success, an odd error":      {controls(0, control(oidPolicy, "\x30\x03\x81\x01\x63")), down, "", ""},
	"success, cut control":       {controls(0, control(oidPolicy, "\x30\x05\x81\x01")), down, "", ""},
	"refused, an odd error":      {controls(49, control(oidPolicy, "\x30\x03\x81\x01\x63")), refused, "Invalid Credentials", ""},
	"busy, an odd error":         {controls(51, control(oidPolicy, "\x30\x03\x81\x01\x63")), down, "Busy", ""},
	"success, no policy to tell": {controls(0, control(oidPolicy, "\x30\x00")), accepted, "", ""},
	"success, grace":             {controls(0, control(oidPolicy, "\x30\x05\xa0\x03\x81\x01\x02")), accepted, "", ""},
	"success, grace as 389 does": {controls(0, control(oidExpired, "0"), control(oidPolicy, "\x30\x05\xa0\x03\x81\x01\x02")), accepted, "", ""},
	"success, expires":           {controls(0, control(oidPolicy, "\x30\x06\xa0\x04\x80\x02\x0e\x10")), accepted, "", ""},
	"success, 389 expires":       {controls(0, control(oidExpiring, "3600")), accepted, "", ""},
}

func TestTheStateOfAnAccountDecides(t *testing.T) {
	for name, c := range afterRight {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := fakeldap.Example()
			o.Entries[1].Right = c.reply
			b := newBackend(t, exampleConfig(t, start(t, o)))
			id, err := ada(t, b)
			if got := outcomeOf(t, id, err); got != c.want || err != nil && !strings.Contains(err.Error(), c.cause) {
				t.Errorf("%s, %v; want %s, %q", got, err, c.want, c.cause)
			}
			why, _ := errors.AsType[*primary.ReasonError](err)
			if why == nil && c.user != "" || why != nil && why.Text != c.user {
				t.Errorf("the user reads %+v, want %q", why, c.user)
			}
			_, err = login(t, b, "ada", "wrong horse")
			if _, told := errors.AsType[*primary.ReasonError](err); told || !errors.Is(err, primary.ErrRefused) {
				t.Errorf("a wrong password: %v", err)
			}
		})
	}
}

func TestTheLogIsToldOfAPasswordAtItsEnd(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"success, grace":       "the password has expired; logins left with it: 2",
		"success, expires":     "the password expires in 1h0m0s",
		"success, 389 expires": "the password expires in 1h0m0s",
	} {
		o := fakeldap.Example()
		o.Entries[1].Right = afterRight[name].reply
		b := newBackend(t, exampleConfig(t, start(t, o)))
		var steps trace.Trace
		_, err := b.CheckPassword(trace.With(t.Context(), &steps), request("ada", fakeldap.ExampleUserPassword))
		if notes := steps.Notes(); err != nil || len(notes) != 1 || notes[0] != want {
			t.Errorf("%s: %q, %v", name, notes, err)
		}
	}
}

func TestAServiceAccountThatMustChangeIsAnOutage(t *testing.T) {
	t.Parallel()
	o := fakeldap.Example()
	o.Entries[0].Right = controls(0, policyError(2))
	id, err := ada(t, newBackend(t, exampleConfig(t, start(t, o))))
	if got := outcomeOf(t, id, err); got != down || !strings.Contains(err.Error(), "has to be changed") {
		t.Errorf("%s, %v", got, err)
	}
}

// What reads as a guess was one: fail2ban counts by these words.
func TestTheReasonOfARefusedBind(t *testing.T) {
	none := readPolicy(nil)
	locked := policy{code: policyLocked, grace: -1}
	for _, c := range []struct {
		err  error
		p    policy
		want primary.Refusal
	}{
		{resultError{code: 49}, none, primary.WrongPassword},
		{resultError{code: 49, diagnostic: activeDirectory("52e").Diagnostic}, none, primary.WrongPassword},
		{resultError{code: 49, diagnostic: activeDirectory("525").Diagnostic}, none, primary.UnknownUser},
		{resultError{code: 49, diagnostic: activeDirectory("533").Diagnostic}, none, primary.Account},
		{resultError{code: 49, diagnostic: activeDirectory("775").Diagnostic}, none, primary.Account},
		{resultError{code: 49}, locked, primary.Account},
		{nil, locked, primary.Account},
		{resultError{code: 32}, none, primary.UnknownUser},
		{resultError{code: 53}, none, primary.Account},
		{resultError{code: 9999}, none, primary.WrongPassword},
	} {
		if got, _ := errors.AsType[primary.Refusal](judge("dn", c.p, c.err)); got != c.want {
			t.Errorf("%v with %+v: %q, want %q", c.err, c.p, got, c.want)
		}
	}
}
