package verify

import (
	"context"
	"errors"

	"ovpn-verify/challenge"
	"ovpn-verify/verify/primary"
	"ovpn-verify/verify/secret"
	"ovpn-verify/verify/state"
)

// checkPassword asks the backend, then for the second factor. code is what
// came along with the password, or empty.
func (a *attempt) checkPassword(ctx context.Context, password, code secret.Text) error {
	a.stage = StagePassword
	if password.Empty() {
		return refusal(primary.Malformed, "the password is empty")
	}
	request := a.request(password)
	if a.Login.SecondFactor == factorNone {
		a.factor, request.Code = a.backendsFactor(code), code
	}
	identity, err := a.askPassword(ctx, request)
	return a.passwordAnswered(ctx, identity, code, err)
}

// askPassword is where logins wait for a slow backend: see DecideTo.
func (a *attempt) askPassword(ctx context.Context, request *primary.Request) (*primary.Identity, error) {
	leave, err := a.turn(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	identity, err := a.Backend.CheckPassword(ctx, request)
	return &identity, err
}

func (a *attempt) passwordAnswered(ctx context.Context, identity *primary.Identity, code secret.Text, err error) error {
	if question, asks := errors.AsType[*primary.ChallengeError](err); asks {
		return a.afterPush(a.backendAsks(ctx, question, code, 1))
	}
	return a.passwordRight(ctx, identity, code, err)
}

// backendsFactor is what the record can say of a password that goes to a backend
// which may check more than that by itself.
func (a *attempt) backendsFactor(code secret.Text) string {
	taker, takes := a.Backend.(codeTaker)
	takes = takes && taker.TakesCode()
	p, pushes := a.Backend.(pusher)
	switch {
	case takes && !code.Empty():
		return factorBackend
	case takes, a.OneTimePasswords, pushes && p.Pushes():
		return factorUnknown
	}
	return factorNone
}

// backendTakes tells whether a code that came along is for the backend to check.
// One that nobody checks must not spare the password its check in a renegotiation.
func (a *attempt) backendTakes(code secret.Text) bool {
	_, asks := a.Backend.(ChallengeAnswerer)
	return asks && a.Login.SecondFactor == factorNone && !code.Empty()
}

// passwordRight goes on to the second factor, unless the backend said otherwise.
func (a *attempt) passwordRight(ctx context.Context, identity *primary.Identity, code secret.Text, err error) error {
	if err != nil {
		return a.checkReason(ctx, err)
	}
	if identity.Name == "" {
		return errors.New("the backend accepted a user without a name")
	}
	a.identity = *identity
	return a.afterPush(a.secondFactor(ctx, code))
}

// afterPush marks an outage that comes after the backend was asked: the user has
// answered the phone already.
func (a *attempt) afterPush(err error) error {
	if b, ok := a.Backend.(pusher); ok && b.Pushes() && verdictOf(err) == Unavailable {
		return &primary.OnceError{Err: err}
	}
	return err
}

// backendAsks passes a server's question on to the user. A code that came with
// the password answers the first one, unless TOTP is to check it here or the server has seen it.
func (a *attempt) backendAsks(ctx context.Context, q *primary.ChallengeError, code secret.Text, round int) error {
	a.stage, a.factor = StageChallenge, factorBackend
	if err := a.checkLocked(ctx, a.login.Username, true); err != nil {
		return err
	}
	if !code.Empty() && !q.CodeSpent && a.Login.SecondFactor == factorNone {
		return a.answerBackend(ctx, q.State, code, round)
	}
	return a.askUser(q.Prompt, q.Echo, state.Challenge{
		Kind: kindBackend, BackendState: q.State, Round: round,
	})
}

// answerBackend takes the user's answer to the server that asked. It may ask again.
func (a *attempt) answerBackend(ctx context.Context, pending []byte, answer secret.Text, round int) error {
	backend, ok := a.Backend.(ChallengeAnswerer)
	if !ok {
		return refusal(primary.Challenge, "the challenge was a backend's that is configured no more")
	}
	identity, err := a.askAnswer(ctx, backend, answer, pending)
	if question, asks := errors.AsType[*primary.ChallengeError](err); asks {
		if round >= maxRounds {
			return refusal(primary.Challenge, "the server asked more than %d times", maxRounds)
		}
		return a.backendAsks(ctx, question, secret.Text{}, round+1)
	}
	return a.passwordRight(ctx, identity, secret.Text{}, err)
}

func (a *attempt) askAnswer(ctx context.Context, backend ChallengeAnswerer, answer secret.Text, pending []byte) (*primary.Identity, error) {
	leave, err := a.turn(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	identity, err := backend.AnswerChallenge(ctx, a.request(answer), pending)
	return &identity, err
}

// maxRounds bounds how often a server may ask in one login.
const maxRounds = 10

// turn waits until the backend may be asked, and returns what to call after that.
func (a *attempt) turn(ctx context.Context) (leave func(), err error) {
	a.asked = true
	leave, waited, err := a.turns.Take(ctx)
	if err != nil {
		return nil, tooBusy(ctx, "other logins' backend checks")
	}
	if !waited {
		return leave, nil
	}
	return leave, settling(
		func() error { return a.checkLockedSince(ctx) },
		func(err error) error {
			if err != nil {
				leave()
			}
			return err
		})
}

func (a *attempt) request(password secret.Text) *primary.Request {
	return &primary.Request{
		Username: a.login.Username, Password: password,
		ClientIP: a.login.ClientIP, LoginID: a.login.ID,
	}
}

// checkPlain looks for a code behind the password where the configuration allows one.
func (a *attempt) checkPlain(ctx context.Context, field secret.Text) error {
	if a.TOTP.Appended && a.Login.SecondFactor == factorTOTP {
		return a.checkAppended(ctx, field)
	}
	return a.checkPassword(ctx, field, secret.Text{})
}

// checkAppended takes a code off the password's end. A password may end in digits
// itself. For a user who is enrolled under the name typed, only a code that is right
// now is split off, and one try at the directory is enough. For others, who may be
// enrolled under the directory's spelling or not at all, the whole field is the
// second try. It is apart from checkPlain for the stack: see DecideTo.
func (a *attempt) checkAppended(ctx context.Context, field secret.Text) error {
	enrolment, err := a.Store.Enrolment(ctx, a.login.Username)
	unknown := errors.Is(err, state.ErrNotFound)
	if err != nil && !unknown {
		a.stage = StageFactor
		return err
	}
	form := a.TOTP.For(enrolment)
	head, tail, ok := challenge.SplitAppended(field, form.Digits)
	if ok && unknown {
		err := a.checkPassword(ctx, head, tail)
		// A locked user waits as long whether the first was right.
		if verdictOf(err) != Refused || !a.passwordWrong() && !a.lockedOut {
			return err
		}
		a.identity = primary.Identity{}
	} else if _, right := form.Match(enrolment.Seed, tail, a.Now()); ok && right {
		return a.checkPassword(ctx, head, tail)
	}
	return a.checkPassword(ctx, field, secret.Text{})
}
