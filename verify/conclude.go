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

// conclude writes what a login comes to in one transaction: the code is spent or the
// question kept, the attempt ended, the session begun. It returns nil only for a
// login that is to be let in, once the code that lets it in is spent.
//
// Decide calls it for every login, with nothing left to write where limited has
// done so.
func (a *attempt) conclude(ctx context.Context, id string, counters []state.Counter, outcome error) error {
	c := a.toKeep(outcome)
	c.Begin = a.beginning(outcome)
	c.Attempt, c.Ended = id, a.ended(counters, outcome)
	if c.Spend == nil && c.Ask == nil && c.Begin == nil {
		return a.endAttempt(ctx, id, c.Ended, outcome)
	}
	err := a.write(ctx, c)
	switch {
	case err == nil:
		return outcome
	case c.Spend != nil || c.Ask != nil:
		outcome = a.notKept(err)
	default:
		noteNoSession(ctx, err)
	}
	return a.endAttempt(ctx, id, a.ended(counters, outcome), outcome)
}

// keep writes only what the verdict hangs on, for a login that is one of several in
// its attempt.
func (a *attempt) keep(ctx context.Context, outcome error) error {
	c := a.toKeep(outcome)
	if c.Spend == nil && c.Ask == nil {
		return outcome
	}
	if err := a.write(ctx, c); err != nil {
		return a.notKept(err)
	}
	return outcome
}

func (a *attempt) toKeep(outcome error) (c state.Conclusion) {
	switch verdictOf(outcome) {
	case Accepted:
		c.Spend = a.spend
	case Challenged:
		c.Ask = a.question
	}
	return c
}

func (a *attempt) write(ctx context.Context, c state.Conclusion) error {
	noSession, err := a.Store.Conclude(ctx, c, a.Now())
	a.sessionKept = a.sessionKept || c.Begin != nil
	if err == nil {
		a.spend, a.question = nil, nil
	}
	if noSession != nil {
		noteNoSession(ctx, noSession)
	}
	return err
}

// notKept is what a login becomes whose code is not spent, or whose question not kept.
func (a *attempt) notKept(err error) error {
	switch {
	case errors.Is(err, state.ErrSpent):
		return usedCode()
	case errors.Is(err, state.ErrLocked):
		return a.codeLocked(err)
	case a.asked:
		return a.afterPush(err)
	}
	return err
}

func usedCode() error {
	return refusal(primary.UsedCode, "the code, or a later one, was used before")
}

// beginning is the session that begins with an accepted login. Nothing that must
// happen once hangs on it: without it the client has to log in anew at the next
// renegotiation.
func (a *attempt) beginning(outcome error) *state.Beginning {
	place, ok := a.login.place()
	generated := a.factor == factorSession && a.continued == nil // OpenVPN's token needs none
	if outcome != nil || !ok || a.identity.Name == "" || a.stateless || generated || a.sessionKept {
		return nil
	}
	if a.continued != nil {
		return a.moved(place)
	}
	now := a.Now()
	b := &state.Beginning{Grace: a.TOTP.ReuseGrace, Session: state.Session{
		Place: place, CommonName: a.login.CommonName, Identity: a.identity.Name,
		Began: now, Expires: now.Add(a.Session.Lifetime),
		Enrolled: a.enrolled, Version: a.identity.Version,
	}}
	b.Field = a.repeated()
	if a.inSession { // the connection is up
		b.Grace = 0
	}
	return b
}

// moved is a session that its token has brought to another place, or back to where
// an outage had ended it.
func (a *attempt) moved(place state.Place) *state.Beginning {
	if a.continued.Place == place && !a.continued.Awaited {
		return nil
	}
	b := &state.Beginning{Session: *a.continued, Field: a.repeated()}
	b.Place, b.From = place, a.continued.Place
	return b
}

// repeated is the password field where it has to be recognised, as it is good once.
func (a *attempt) repeated() secret.Text {
	if a.carriesCode || a.OneTimePasswords {
		return a.login.Password
	}
	return secret.Text{}
}

func noteNoSession(ctx context.Context, err error) {
	trace.Note(ctx, "session", "", fmt.Sprintf("the next renegotiation will not be recognised: %v", err))
}
