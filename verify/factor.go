package verify

import (
	"context"
	"errors"

	"ovpn-verify/verify/primary"
	"ovpn-verify/verify/secret"
	"ovpn-verify/verify/state"
	"ovpn-verify/verify/trace"
)

// secondFactor checks the code, or asks for one when none came along.
func (a *attempt) secondFactor(ctx context.Context, code secret.Text) (err error) {
	if err := a.checkLocked(ctx, a.identity.Name, a.Login.SecondFactor == factorTOTP); err != nil {
		return err
	}
	if a.Login.SecondFactor == factorNone {
		return nil
	}
	a.stage = StageFactor
	end := trace.Start(ctx, "second factor", "")
	defer func() { end(err) }()
	enrolment, err := a.Store.Enrolment(ctx, a.identity.Name)
	switch {
	case errors.Is(err, state.ErrNotFound) && a.TOTP.Unenrolled == unenrolledAllow:
		return nil
	case errors.Is(err, state.ErrNotFound):
		return refusal(primary.NotEnrolled, "%q is not enrolled for TOTP", a.identity.Name)
	case err != nil:
		return err
	}
	a.factor = factorTOTP
	if code.Empty() {
		return a.askUser(a.TOTP.Prompt, false, state.Challenge{Kind: kindTOTP, Round: 1})
	}
	a.enrolled = enrolment.Created
	return a.spendCode(ctx, enrolment, code)
}

// spendCode lets a code count once. One that was spent is refused at once; that this
// one is on disk before it counts is for conclude, with which it is decided.
func (a *attempt) spendCode(ctx context.Context, e state.Enrolment, code secret.Text) error {
	step, right := a.TOTP.For(e).Match(e.Seed, code, a.Now())
	if !right {
		return a.spendRecoveryCode(ctx, code)
	}
	if step <= e.LastStep {
		return usedCode()
	}
	a.spend = &state.Spend{Identity: a.identity.Name, Step: step, Limit: a.codeLimit()}
	a.carriesCode = true
	return nil
}

// codeLimit counts wrong codes of the identity.
func (a *attempt) codeLimit() state.Counter {
	return a.Limits.counter(state.CountFactor, a.identity.Name)
}

func (a *attempt) codeLocked(err error) error {
	if errors.Is(err, state.ErrLocked) {
		a.lockedOut = true
		return refusal(primary.LockedOut, "%v", err)
	}
	return err
}

// spendRecoveryCode takes one of the codes that `totp enroll` showed.
func (a *attempt) spendRecoveryCode(ctx context.Context, code secret.Text) error {
	err := a.Store.SpendRecoveryCode(ctx, a.identity.Name, code, a.codeLimit(), a.Now())
	switch {
	case errors.Is(err, state.ErrNotFound):
		a.codeWrong = true
		return refusal(primary.WrongCode, "wrong code")
	case errors.Is(err, state.ErrSpent):
		return refusal(primary.UsedCode, "the recovery code was used before")
	case err == nil:
		a.factor, a.carriesCode = factorRecovery, true
	}
	return a.codeLocked(err)
}
