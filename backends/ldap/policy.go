package ldap

import (
	"fmt"
	"strings"
	"time"

	goldap "github.com/go-ldap/ldap/v3"
)

// The errors of the password policy control that a bind can have,
// draft-behera-ldap-password-policy-10 section 6.2; policyNone when there is none.
const (
	policyNone       = -1
	policyExpired    = 0
	policyLocked     = 1
	policyMustChange = 2
)

// policy is what the response controls of a bind say about the account.
type policy struct {
	code    int  // the control's error
	grace   int  // logins left with an expired password; -1: not told
	expired bool // 2.16.840.1.113730.3.4.4: expired, or to be changed after a reset
	expires time.Duration
}

// readPolicy takes the worst of what is there, should a control come twice.
func readPolicy(controls []goldap.Control) policy {
	p := policy{code: policyNone, grace: -1}
	for _, control := range controls {
		switch c := control.(type) {
		case *goldap.ControlBeheraPasswordPolicy:
			if c.Error >= 0 {
				p.code = int(c.Error)
			}
			if c.Grace >= 0 {
				p.grace = int(c.Grace)
			}
			p.expires = max(p.expires, time.Duration(min(max(c.Expire, 0), maxExpire))*time.Second)
		case *goldap.ControlVChuPasswordMustChange:
			p.expired = true
		case *goldap.ControlVChuPasswordWarning:
			p.expires = max(p.expires, time.Duration(min(max(c.Expire, 0), maxExpire))*time.Second)
		}
	}
	return p
}

// maxExpire keeps a server's seconds within a time.Duration: a hundred years.
const maxExpire = 100 * 365 * 24 * 3600

// forbids tells why a bind that was a success lets nobody in. A server with
// OpenLDAP's or 389's policy answers success to a password that was reset, and
// then allows nothing but its change; 389 sends the control for expired
// passwords also with a login of grace, which the policy allows.
func (p policy) forbids() (accountCause, bool) {
	switch {
	case p.code == policyMustChange:
		return accountCause{log: "the password has to be changed after a reset", user: textMustChange}, true
	case p.code == policyExpired:
		return accountCause{log: "the password has expired", user: textExpired}, true
	case p.code == policyLocked:
		return accountCause{log: "the account is locked"}, true
	case p.code != policyNone:
		return accountCause{log: fmt.Sprintf("the password policy says %d", p.code)}, true
	case p.expired && p.grace < 0:
		return accountCause{log: "the password has expired or has to be changed", user: textMustChange}, true
	}
	return accountCause{}, false
}

// refusedCause is what the controls say of a bind that was refused, for the log.
func (p policy) refusedCause() accountCause {
	c, _ := p.forbids()
	c.user = ""
	return c
}

// note is what the log should know of a bind that lets in.
func (p policy) note() string {
	var notes []string
	if p.grace >= 0 {
		notes = append(notes, fmt.Sprintf("the password has expired; logins left with it: %d", p.grace))
	}
	if p.expires > 0 {
		notes = append(notes, fmt.Sprintf("the password expires in %v", p.expires))
	}
	return strings.Join(notes, ", ")
}
