package ldap

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"

	"ovpn-verify/verify/primary"
	"ovpn-verify/verify/secret"
	"ovpn-verify/verify/trace"
)

// bindService signs in the account that searches. Whatever the server says
// against it is our misconfiguration or its outage, never the user's fault.
// Without an account the connection stays as it is: anonymous (RFC 4511
// section 4.2).
func (s *session) bindService(ctx context.Context) error {
	c := s.backend.config
	switch {
	case c.BindExternal:
		return s.step(ctx, "bind service account", s.bindExternal)
	case c.BindDN == "":
		return nil
	}
	return s.step(ctx, "bind service account", func() error {
		p, err := s.bind(c.BindDN, s.backend.bindPassword)
		if cause, forbidden := p.forbids(); err == nil && forbidden {
			err = errors.New(cause.log)
		}
		if err != nil {
			return fmt.Errorf("as %q: %w", c.BindDN, err)
		}
		return nil
	})
}

// bindExternal has the server take the identity that it knows from below: this
// process's user id on ldapi://, the client certificate in TLS (RFC 4422
// appendix A, RFC 4513 section 5.2.3).
func (s *session) bindExternal() error {
	err := s.send(bindRequest("", externalCredentials()))
	if err == nil {
		err = s.success()
	}
	if err != nil {
		return fmt.Errorf("EXTERNAL: %w", err)
	}
	return nil
}

func (s *session) success() error {
	answer, err := s.answer()
	if err != nil {
		return err
	}
	return checkSuccess(answer, goldap.ApplicationBindResponse)
}

// bindUser asks the server whether the password is the entry's, and whether
// the account may log in with it.
//
// A thousand logins may wait for the answer here, so that what writes and reads has
// stacks of its own.
func (s *session) bindUser(ctx context.Context, dn string, password secret.Text) error {
	end := trace.Start(ctx, "bind user", s.server)
	sent := aside(func() error { return s.sendPassword(dn, password) })
	if sent == nil {
		s.awaitAnswer()
	}
	return aside(func() error { return s.userBound(ctx, end, dn, password, sent) })
}

// userBound ends the step of a user's bind whose request was sent.
func (s *session) userBound(ctx context.Context, end func(error), dn string, password secret.Text, err error) error {
	p := readPolicy(nil)
	if err == nil {
		p, err = s.passwordAnswer(password)
	}
	err = s.ended(ctx, "bind user", end, judge(dn, p, err))
	if note := p.note(); err == nil && note != "" {
		trace.Note(ctx, "password policy", s.server, note)
	}
	return err
}

// judge turns the outcome of the user's bind into a verdict or an outage.
func judge(dn string, p policy, err error) error {
	r, answered := errors.AsType[resultError](err)
	cause, forbidden := p.forbids()
	why := primary.Account
	switch {
	case err == nil && !forbidden:
		return nil
	case err == nil:
		err = fmt.Errorf("as %q: the password is right, but %s", dn, cause.log)
	case !answered || !refuses(r.code):
		return fmt.Errorf("as %q: %w", dn, err)
	default:
		err = fmt.Errorf("as %q: %w", dn, err)
		if cause = causeOf(r, p); cause.log != "" {
			err = fmt.Errorf("%w: %s", err, cause.log)
		}
		why = cause.whyOf(r.code)
	}
	refused := fmt.Errorf("%w: %w", why, err)
	if cause.user != "" {
		return &primary.ReasonError{Text: cause.user, Err: refused}
	}
	return refused
}

func (s *session) bind(dn string, password secret.Text) (policy, error) {
	if err := s.sendPassword(dn, password); err != nil {
		return readPolicy(nil), err
	}
	return s.passwordAnswer(password)
}

// sendPassword is the one place that does. A name without a password would be an
// unauthenticated bind, which servers answer with success without checking anything
// (RFC 4513 section 5.1.2), and a password without a name an anonymous one for many
// of them; neither leaves this host. A NUL is where some servers would stop comparing.
//
// The request asks for the password policy; servers that do not know the
// control ignore it, as it is not critical (RFC 4511 section 4.1.11).
func (s *session) sendPassword(dn string, password secret.Text) error {
	if strings.TrimSpace(dn) == "" || password.Empty() || bytes.IndexByte(password.Reveal(), 0) >= 0 {
		return errors.New("a bind needs a name, and a password without NUL")
	}
	plain := string(password.Reveal())
	err := s.send(bindRequest(dn, simpleCredentials(plain)), goldap.NewControlBeheraPasswordPolicy())
	if err != nil {
		return hiding(plain, err)
	}
	return nil
}

// passwordAnswer reads the answer to a bind with the password.
func (s *session) passwordAnswer(password secret.Text) (policy, error) {
	plain := string(password.Reveal())
	answer, err := s.answer()
	if err != nil {
		return readPolicy(nil), hiding(plain, err)
	}
	controls, unreadable := controlsOf(answer)
	p := readPolicy(controls)
	err = checkSuccess(answer, goldap.ApplicationBindResponse)
	if r, ok := errors.AsType[resultError](err); ok {
		r.diagnostic = without(plain, r.diagnostic)
		// Also with a control that cannot be read: as an outage it would cost no attempt.
		return p, r
	}
	return p, cmp.Or(err, unreadable)
}

// refuses tells whether a result code of the user's bind is a verdict on the
// user. It is for every code but those that RFC 4511 section 4.1.9 and
// appendix A give to the state or the rules of the server. Among the verdicts
// are invalidCredentials (49), which Active Directory also uses for locked,
// disabled and expired accounts; inappropriateAuthentication (48), an entry
// without a password in 389 Directory Server; constraintViolation (19), its
// "too many failures"; unwillingToPerform (53), its inactivated account and
// eDirectory's locked one; insufficientAccessRights (50) and noSuchObject (32).
//
// A code not thought of refuses: were it an outage, the attempt would cost
// nothing and the next server would be asked too, so that a server that
// answers wrong passwords in an uncommon way could be searched for the right
// one without limit.
func refuses(code uint16) bool {
	switch code {
	case goldap.LDAPResultOperationsError,
		goldap.LDAPResultProtocolError,
		goldap.LDAPResultTimeLimitExceeded,
		goldap.LDAPResultAuthMethodNotSupported,
		goldap.LDAPResultStrongAuthRequired,
		goldap.LDAPResultReferral,
		goldap.LDAPResultAdminLimitExceeded,
		goldap.LDAPResultUnavailableCriticalExtension,
		goldap.LDAPResultConfidentialityRequired,
		goldap.LDAPResultSaslBindInProgress,
		goldap.LDAPResultBusy,
		goldap.LDAPResultUnavailable,
		goldap.LDAPResultLoopDetect,
		goldap.LDAPResultAffectsMultipleDSAs,
		goldap.LDAPResultOther:
		return false
	}
	return true
}
