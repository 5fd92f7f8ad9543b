package verify

import (
	"context"
	"errors"
	"time"

	"ovpn-verify/challenge"
	"ovpn-verify/verify/primary"
	"ovpn-verify/verify/secret"
	"ovpn-verify/verify/state"
	"ovpn-verify/verify/trace"
)

// The kinds of pending challenge in the store.
const (
	kindTOTP    = "totp"
	kindBackend = "backend"
)

// clean makes one line of a server's prompt; a server may also send none.
func clean(prompt string) string {
	const most = 1024 // bytes, more than fits into OpenVPN's message
	if p := challenge.CleanText(prompt, most); p != "" {
		return p
	}
	return "Enter your code"
}

// askUser returns the question as the error that sends it, once it is kept.
func (a *attempt) askUser(prompt string, echo bool, c state.Challenge) error {
	if !a.login.CanChallenge {
		return refusal(primary.Challenge, "a code is needed, and this OpenVPN cannot ask for one (it gave no auth_failed_reason_file)")
	}
	c.Username, c.CommonName, c.Identity = a.login.Username, a.login.CommonName, a.identity
	c.Address = a.login.ip()
	c.Expires = a.Now().Add(a.Login.ChallengeTTL)
	a.question = &state.Asked{ID: challenge.NewState(), Challenge: c}
	return &Question{Prompt: clean(prompt), Echo: echo, State: a.question.ID}
}

// checkAnswer takes the pending challenge, which ends it, and checks the answer.
func (a *attempt) checkAnswer(ctx context.Context, f challenge.Dynamic) error {
	a.stage = StageChallenge
	c, err := a.takeChallenge(ctx, f.State)
	a.guessed = err == nil && c.Username == a.login.Username
	switch {
	case errors.Is(err, state.ErrNotFound):
		return refusal(primary.Challenge, "the challenge is unknown or was answered before")
	case errors.Is(err, state.ErrExpired):
		return refusal(primary.Challenge, "the challenge is older than login.challenge_ttl")
	case err != nil:
		return err
	case c.Username != a.login.Username || c.CommonName != a.login.CommonName:
		return refusal(primary.Challenge, "the challenge belongs to %q with certificate %q", c.Username, c.CommonName)
	case a.Login.ChallengeSameAddress && c.Address != a.login.ip():
		return refusal(primary.Challenge, "the challenge was put to %s", c.Address)
	case f.Response.Empty():
		return refusal(primary.Challenge, "the answer to the challenge is empty")
	}
	switch c.Kind {
	case kindTOTP:
		return a.checkTOTPAnswer(ctx, f.State, c, f.Response)
	case kindBackend:
		a.factor = factorBackend
		err := a.answerBackend(ctx, c.BackendState, f.Response, c.Round)
		return a.keepAfterOutage(ctx, err, f.State, c)
	default:
		return refusal(primary.Challenge, "a challenge of unknown kind")
	}
}

// takeChallenge ends the challenge, unless the attempt began with that.
func (a *attempt) takeChallenge(ctx context.Context, id string) (state.Challenge, error) {
	if a.taken != nil {
		return a.taken.Challenge, a.taken.Err
	}
	return a.Store.TakeChallenge(ctx, id, a.Now())
}

// checkTOTPAnswer does without secondFactor's ways around a code: the question
// was asked, so only the right code will do.
func (a *attempt) checkTOTPAnswer(ctx context.Context, id string, c state.Challenge, code secret.Text) (err error) {
	a.identity, a.factor, a.stage = c.Identity, factorTOTP, StageFactor
	end := trace.Start(ctx, "second factor", "")
	defer func() { end(err) }()
	enrolment, err := a.Store.Enrolment(ctx, c.Identity.Name)
	if errors.Is(err, state.ErrNotFound) {
		return refusal(primary.NotEnrolled, "%q is not enrolled for TOTP any more", c.Identity.Name)
	}
	if err != nil {
		return a.keepAfterOutage(ctx, err, id, c)
	}
	a.enrolled = enrolment.Created
	return a.spendCode(ctx, enrolment, code)
}

// keepTimeout is what putting a challenge back may take beyond the deadline,
// which has often ended by then.
const keepTimeout = 500 * time.Millisecond

// keepAfterOutage puts a challenge back that could not be answered because the
// server was away: the client repeats its answer after a TEMP, by itself. Where
// it must not, the user begins anew.
func (a *attempt) keepAfterOutage(ctx context.Context, err error, id string, c state.Challenge) error {
	if verdictOf(err) != Unavailable || onlyOnce(err) {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keepTimeout)
	defer cancel()
	return errors.Join(err, a.Store.PutChallenge(ctx, id, c, a.Now()))
}
