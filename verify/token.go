package verify

import (
	"context"
	"errors"
	"fmt"

	"ovpn-verify/challenge"
	"ovpn-verify/verify/primary"
	"ovpn-verify/verify/state"
	"ovpn-verify/verify/trace"
)

// checkGeneratedToken passes what OpenVPN has found valid by itself
// (auth-gen-token … external-auth). The states are those of
// add_session_token_env in src/openvpn/auth_token.c.
func (a *attempt) checkGeneratedToken(ctx context.Context) error {
	switch a.login.SessionState {
	case "Authenticated":
		if err := a.recheck(ctx, ""); err != nil {
			return err
		}
		a.factor = factorSession
		return a.checkSessionHere(ctx)
	case "":
		return refusal(primary.Session, "an OpenVPN auth-token that OpenVPN has not checked (auth-gen-token lacks external-auth?)")
	default:
		return refusal(primary.Session, "OpenVPN says of its auth-token: %q", a.login.SessionState)
	}
}

// checkSessionHere does for OpenVPN's token, which says nothing of it, what is
// known of the session it stands for. After session.lifetime, or from another
// place, that is nothing.
func (a *attempt) checkSessionHere(ctx context.Context) error {
	place, ok := a.login.place()
	if !ok || a.identity.Name == "" {
		return nil
	}
	s, how, err := a.Store.Recognise(ctx, place, a.login.Password, false, a.Now())
	if a.canDoWithout(err) {
		return nil
	}
	if err != nil || how == state.Unknown || state.Key(s.Identity) != state.Key(a.identity.Name) {
		return err
	}
	return a.checkUnchanged(ctx, s)
}

// checkToken looks for the session that one of our own tokens was made for. It
// may come from another port: the client reconnects by it.
func (a *attempt) checkToken(ctx context.Context, token challenge.SessionToken) error {
	s, err := a.Store.SessionByToken(ctx, token.Text, a.Now())
	switch {
	case errors.Is(err, state.ErrNotFound):
		return refusal(primary.Session, "the session token is unknown or has expired")
	case err != nil:
		return err
	case s.Username != a.login.Username:
		return refusal(primary.Session, "the session token belongs to %q", s.Username)
	}
	err = a.continueSession(ctx, &s, true)
	if verdictOf(err) == Unavailable {
		a.awaitReturn(ctx, s)
	}
	return err
}

// awaitReturn keeps the token of a session that an outage ends: OpenVPN says that
// the client has gone, and the client tries again with the token by itself.
func (a *attempt) awaitReturn(ctx context.Context, s state.Session) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keepTimeout)
	defer cancel()
	if err := a.Store.AwaitReturn(ctx, s.Place, a.Now()); err != nil {
		trace.Note(ctx, "session", "", fmt.Sprintf("the token will not bring the client back: %v", err))
	}
}
