package ldap

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"

	"ovpn-verify/verify/primary"
	"ovpn-verify/verify/secret"
)

// bindService signs in the account that searches. Whatever the server says
// against it is our misconfiguration or its outage, never the user's fault.
// Without an account the connection stays as it is: anonymous (RFC 4511
// section 4.2).
func (s *session) bindService(ctx context.Context) error {
	if s.backend.config.BindDN == "" {
		return nil
	}
	return s.step(ctx, "bind service account", func() error {
		err := s.bind(s.backend.config.BindDN, s.backend.bindPassword)
		if err != nil {
			return fmt.Errorf("as %q: %w", s.backend.config.BindDN, err)
		}
		return nil
	})
}

// bindUser asks the server whether the password is the entry's.
func (s *session) bindUser(ctx context.Context, dn string, password secret.Text) error {
	return s.step(ctx, "bind user", func() error {
		err := s.bind(dn, password)
		r, answered := errors.AsType[resultError](err)
		switch {
		case err == nil:
			return nil
		case answered && refuses(r.code):
			return fmt.Errorf("%w: as %q: %w", primary.ErrRefused, dn, err)
		}
		return fmt.Errorf("as %q: %w", dn, err)
	})
}

// bind is the one place that sends a password. A name without a password
// would be an unauthenticated bind, which servers answer with success without
// checking anything (RFC 4513 section 5.1.2), and a password without a name
// an anonymous one for many of them; neither leaves this host. A NUL is where
// some servers would stop comparing.
func (s *session) bind(dn string, password secret.Text) error {
	if strings.TrimSpace(dn) == "" || password.Empty() || bytes.IndexByte(password.Reveal(), 0) >= 0 {
		return errors.New("a bind needs a name, and a password without NUL")
	}
	plain := string(password.Reveal())
	s.wire.record()
	_, err := s.ldap.SimpleBind(goldap.NewSimpleBindRequest(dn, plain, nil))
	answer := s.wire.recorded()
	if err != nil {
		return readable(err, plain)
	}
	return checkBindSuccess(answer)
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
