package verify

import (
	"context"
	"errors"
	"fmt"

	"ovpn-verify/verify/primary"
	"ovpn-verify/verify/secret"
	"ovpn-verify/verify/state"
	"ovpn-verify/verify/trace"
)

// factorSession stands in the record for a login that an earlier one vouches for.
const factorSession = "session"

// AccountChecker is a backend that can tell without a password whether a user may
// still be logged in. Its errors are those of CheckPassword, or
// errors.ErrUnsupported.
type AccountChecker interface {
	StillThere(context.Context, *primary.Request) (primary.Identity, error)
}

// place is not ok where a session cannot be recognised: tried by hand, or by an
// OpenVPN that names no port, or not itself, so that its restart would go unnoticed.
func (l *Login) place() (p state.Place, ok bool) {
	p = state.Place{Username: l.Username, Address: l.ClientIP, Port: l.ClientPort, Daemon: l.Daemon}
	return p, l.ClientIP.IsValid() && l.ClientPort != 0 && l.Daemon != ""
}

// recognise accepts a field that let this user in before: OpenVPN's client
// repeats it at each renegotiation from the same address and port, and when its
// connection did not come up, from another port. done is false for a login that
// has to be decided as any other.
func (a *attempt) recognise(ctx context.Context) (done bool, err error) {
	place, ok := a.login.place()
	if !ok {
		return false, nil
	}
	a.stage = StageSession
	session, how, err := a.Store.Recognise(ctx, place, a.login.Password, a.TOTP.ReuseGrace > 0, a.Now())
	if a.canDoWithout(err) {
		return false, nil
	}
	if err != nil {
		return true, err
	}
	a.inSession = how == state.SamePlace || how == state.Renegotiation
	switch how {
	case state.Renegotiation:
		return true, a.continueSession(ctx, session, true)
	case state.Retry:
		trace.Note(ctx, "session", "", "the same code again within totp.reuse_grace, as the connection did not come up")
		return true, a.continueSession(ctx, session, false)
	}
	return false, nil
}

// continueSession vouches for a login by an earlier one.
func (a *attempt) continueSession(ctx context.Context, s *state.Session, recheck bool) error {
	if s.CommonName != a.login.CommonName {
		return refusal(primary.Session, "the session belongs to the certificate %q", s.CommonName)
	}
	a.carriesCode = true
	if recheck {
		if err := a.recheck(ctx, s.Identity); err != nil {
			return err
		}
	}
	if err := a.checkUnchanged(ctx, s); err != nil {
		return err
	}
	a.identity, a.factor, a.continued = primary.Identity{Name: s.Identity, Version: s.Version}, factorSession, s
	return nil
}

// checkUnchanged ends a session whose password was changed, or whose second factor
// was taken away or is another one by now, as after a lost phone, and one that
// began when none was asked for.
func (a *attempt) checkUnchanged(ctx context.Context, s *state.Session) error {
	if v := a.identity.Version; v != "" && v != s.Version {
		return refusal(primary.Session, "the password was changed since the session began")
	}
	if a.Login.SecondFactor != factorTOTP {
		return nil
	}
	enrolment, err := a.Store.Enrolment(ctx, s.Identity)
	switch {
	case errors.Is(err, state.ErrNotFound) && s.Enrolled.IsZero() && a.TOTP.Unenrolled == unenrolledAllow:
		return nil
	case errors.Is(err, state.ErrNotFound):
		return refusal(primary.Session, "%q is not enrolled for TOTP any more", s.Identity)
	case err != nil:
		return err
	case s.Enrolled.IsZero():
		return refusal(primary.Session, "the session began without a second factor")
	case !enrolment.Created.Equal(s.Enrolled):
		return refusal(primary.Session, "%q was enrolled anew since the session began", s.Identity)
	}
	return nil
}

// recheck asks whether the account may still be used. identity is whose session
// it is, empty when only the name is known.
func (a *attempt) recheck(ctx context.Context, identity string) error {
	backend, can := a.Backend.(AccountChecker)
	if !can || a.Session.Recheck == recheckNone {
		return nil
	}
	leave, err := a.turn(ctx)
	if err != nil {
		return err
	}
	defer leave()
	now, err := backend.StillThere(ctx, a.request(secret.Text{}))
	if errors.Is(err, errors.ErrUnsupported) {
		trace.Note(ctx, "still there?", "", fmt.Sprintf("the account was not checked again: %v", err))
		return nil
	}
	if err != nil {
		return err
	}
	if identity != "" && state.Key(now.Name) != state.Key(identity) {
		return refusal(primary.Session, "the session belongs to %q, the name to %q by now", identity, now.Name)
	}
	a.identity = now
	return nil
}
