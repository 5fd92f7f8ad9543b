package ldap

import (
	"fmt"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"

	"ovpn-verify/verify/primary"
)

// What a user may read whose password was right.
const (
	textExpired    = "Your password has expired: change it, then log in again"
	textMustChange = "Your password has to be changed before you can log in"
	textNotNow     = "Your account may not log in here or at this time"
	textDisabled   = "Your account is disabled"
	textAccountEnd = "Your account has expired"
)

// accountCause is why a server does not let an account in.
type accountCause struct {
	log  string // for the log and check
	user string // for the user; empty unless the server says so only to the right password

	why primary.Refusal // empty: the account
}

// whyOf is the reason for a bind's refusal with this result code. A server that
// says no more than that refuses as for a wrong password.
func (c accountCause) whyOf(code uint16) primary.Refusal {
	switch {
	case c.why != "":
		return c.why
	case c.log != "":
		return primary.Account
	}
	switch code {
	case goldap.LDAPResultNoSuchObject:
		return primary.UnknownUser
	case goldap.LDAPResultConstraintViolation, goldap.LDAPResultInappropriateAuthentication,
		goldap.LDAPResultInsufficientAccessRights, goldap.LDAPResultUnwillingToPerform:
		return primary.Account
	}
	return primary.WrongPassword
}

// directoryCauses are Active Directory's by the number after "data", in
// hexadecimal, a Windows error code (MS-ERREF section 2.2). Those with a text
// for the user are given to the right password alone; for a wrong one it is
// 52e whatever else holds. 775 comes for a right and a wrong password alike,
// and 525 for a name that is not there: neither may read like anything but a
// refusal.
var directoryCauses = map[string]accountCause{
	"525": {log: "there is no such user", why: primary.UnknownUser},
	"52e": {log: "wrong password", why: primary.WrongPassword},
	"530": {log: "not at this time (logon hours)", user: textNotNow},
	"531": {log: "not from this computer", user: textNotNow},
	"532": {log: "the password has expired", user: textExpired},
	"533": {log: "the account is disabled", user: textDisabled},
	"568": {log: "too many security identifiers (groups)"},
	"701": {log: "the account has expired", user: textAccountEnd},
	"773": {log: "the password has to be changed", user: textMustChange},
	"775": {log: "the account is locked"},
}

// directoryCause reads Active Directory's diagnostic message, such as
//
//	80090308: LdapErr: DSID-0C09042A, comment: AcceptSecurityContext error, data 52e, v3839
//
// Anything of another form, or a number not known, gives nothing.
func directoryCause(diagnostic string) (cause accountCause, number string) {
	head, rest, ok := strings.Cut(diagnostic, ": LdapErr: ")
	if !ok || len(head) != 8 || strings.Trim(head, "0123456789abcdefABCDEF") != "" {
		return accountCause{}, ""
	}
	_, rest, ok = strings.Cut(rest, ", comment: AcceptSecurityContext error, data ")
	if !ok {
		return accountCause{}, ""
	}
	number, _, ok = strings.Cut(rest, ",")
	number = strings.ToLower(number)
	cause, known := directoryCauses[number]
	if !ok || !known {
		return accountCause{}, ""
	}
	return cause, number
}

// causeOf finds out why a bind was refused: from the control, or from what
// Active Directory writes beside invalidCredentials.
//
// passwordExpired in the control, and the control for expired passwords, come
// after the password was compared: draft-behera-ldap-password-policy-10
// section 7.1, OpenLDAP's ppolicy_bind_response, 389's need_new_pw. Locked
// accounts are told before it is.
func causeOf(r resultError, p policy) accountCause {
	if r.code != goldap.LDAPResultInvalidCredentials {
		return p.refusedCause()
	}
	if cause, number := directoryCause(r.diagnostic); number != "" {
		cause.log = fmt.Sprintf("%s (data %s)", cause.log, number)
		return cause
	}
	c := p.refusedCause()
	if p.expired || p.code == policyExpired {
		c.user = textExpired
	}
	return c
}
