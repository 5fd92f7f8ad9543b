// Package verify is the decision: what a login brings is read once, the
// password checked by a backend, the second factor checked or asked for, and
// one verdict given.
//
// It promises: only the one path through Decide that ends without an error
// accepts; what must happen once is persisted before it says yes; an outage is
// never called a wrong password. The caller bounds it with a context and writes
// the verdict where OpenVPN reads it.
package verify

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"ovpn-verify/challenge"
	"ovpn-verify/verify/primary"
	"ovpn-verify/verify/secret"
	"ovpn-verify/verify/state"
	"ovpn-verify/verify/trace"
	"ovpn-verify/verify/turns"
)

// PasswordChecker is all the pipeline asks of a backend. nil error: the
// password is right; primary.ErrRefused: it is not, or the user is not let in;
// *primary.ChallengeError: the server wants an answer first; anything else: an
// outage, which costs the user no attempt.
type PasswordChecker interface {
	CheckPassword(context.Context, *primary.Request) (primary.Identity, error)
}

// ChallengeAnswerer is a backend that asks questions of its own (RADIUS). The
// request's Password is the answer, pending what its ChallengeError carried.
type ChallengeAnswerer interface {
	AnswerChallenge(ctx context.Context, req *primary.Request, pending []byte) (primary.Identity, error)
}

// pusher is a backend that may ask the user on another device (RADIUS).
type pusher interface{ Pushes() bool }

// codeTaker is a backend that may pass the code that came along to its server,
// together with the password (RADIUS).
type codeTaker interface{ TakesCode() bool }

// Store keeps what must outlive the worker; state.Store is one.
type Store interface {
	PutChallenge(ctx context.Context, id string, c state.Challenge, now time.Time) error
	TakeChallenge(ctx context.Context, id string, now time.Time) (state.Challenge, error)
	SpendRecoveryCode(ctx context.Context, identity string, code secret.Text, limit state.Counter, now time.Time) error
	Enrolment(ctx context.Context, identity string) (state.Enrolment, error)

	BeginAttempt(ctx context.Context, id string, counters []state.Counter, now, until time.Time) error
	BeginAnswer(ctx context.Context, id string, counters []state.Counter, challenge string, now, until time.Time) (state.Taken, error)
	EndAttempt(ctx context.Context, id string, ended []state.Ended, now time.Time) error
	Locked(ctx context.Context, counters []state.Counter, now time.Time) error
	Conclude(ctx context.Context, c state.Conclusion, now time.Time) (noSession, err error)

	Recognise(ctx context.Context, place state.Place, field secret.Text, retries bool, now time.Time) (*state.Session, state.Recognised, error)
	SessionUp(ctx context.Context, place state.Place, token secret.Text, now time.Time) error
	SessionByToken(ctx context.Context, token secret.Text, now time.Time) (state.Session, error)
	AwaitReturn(ctx context.Context, place state.Place, now time.Time) error
	EndSession(ctx context.Context, place state.Place, now time.Time) error
}

// Pipeline decides logins; it is safe for concurrent use.
type Pipeline struct {
	Login   LoginConfig
	TOTP    TOTPConfig
	Limits  LimitsConfig
	Session SessionConfig
	Backend PasswordChecker
	Store   Store
	Now     func() time.Time

	// OneTimePasswords: what the backend takes as a password is good once, or asks
	// the user's phone, so that a renegotiation must not ask again.
	OneTimePasswords bool

	turns    *turns.Turns // of backend checks
	underWay *underWay
}

// So many ask a backend at once while each is through within the patience.
const (
	fewAtOnce = 64
	patience  = 50 * time.Millisecond
)

// New makes a pipeline that asks the backend for at most maxConcurrent logins at once.
func New(p Pipeline, maxConcurrent int) *Pipeline {
	p.turns = turns.New(fewAtOnce, maxConcurrent, patience)
	p.underWay = &underWay{attempts: map[[sha256.Size]byte]*sharedAttempt{}}
	return &p
}

// Decide comes to a verdict, within ctx.
func (p *Pipeline) Decide(ctx context.Context, l Login) Decision {
	var d Decision
	p.DecideTo(ctx, &l, &d)
	return d
}

// DecideTo is Decide for many at once. A stack that outgrows 4 KiB takes 8, and a
// thousand wait in a storm: what is large stands in no frame on the way to where the
// login waits, and what comes before or after that has frames of its own.
func (p *Pipeline) DecideTo(ctx context.Context, l *Login, d *Decision) {
	a, steps := p.newAttempt(l), &trace.Trace{OnStep: l.OnStep}
	ctx = trace.With(ctx, steps)
	a.decided(ctx, d, steps, a.decide(ctx))
}

// newAttempt is on the heap, since it is not inlined.
//
//go:noinline
func (p *Pipeline) newAttempt(l *Login) *attempt {
	a := new(attempt) // not a literal, which would stand on the stack first
	a.login = *l      // by itself: the sides of a longer assignment are copied first
	a.Pipeline, a.factor, a.stage, a.arrived = p, factorNone, StageLogin, time.Now()
	return a
}

//go:noinline
func (a *attempt) decided(ctx context.Context, d *Decision, steps *trace.Trace, err error) {
	*d = a.decision(a.conclude(ctx, "", nil, err))
	d.Server, d.Notes, d.Took = steps.Server(), steps.Notes(), time.Since(a.arrived)
}

// The stages of a login, in their order.
const (
	StageLogin     = "login"         // the user name, the certificate's name, the form of the password field
	StageSession   = "session"       // a token, or an established session that the login goes on with
	StageLimits    = "limits"        // too many failures, or counting them
	StagePassword  = "password"      // the backend is asked
	StageChallenge = "challenge"     // a question of the backend's, or finding the question that is answered
	StageFactor    = "second factor" // enrolment and code
)

// attempt is one login on its way through the pipeline.
type attempt struct {
	*Pipeline
	login    Login
	arrived  time.Time
	identity primary.Identity // set once the password was right
	stage    string           // what it is at
	field    string           // what kind of password field came, for the record
	factor   string           // which second factor was checked, or was to be, for the record

	carriesCode bool           // the field holds a code, which is good once
	guessed     bool           // a password or a code was tried on the user
	enrolled    time.Time      // when the second factor was that is checked
	inSession   bool           // the client's place has an established session
	continued   *state.Session // the one that vouches for this login
	stateless   bool           // there is no state, and none is needed

	begun     []state.Counter // those that the attempt is under way in
	codeWrong bool            // the code was, not the password
	lockedOut bool            // the password was right, and nobody shall learn it

	asked       bool         // the backend was
	taken       *state.Taken // the challenge that is answered, when the attempt began with taking it
	spend       *state.Spend // the code that lets the login in, once it is spent
	question    *state.Asked // what the user is asked, once it is kept
	sessionKept bool         // or tried to be
}

// decide returns nil only for a login that is to be let in, once it is concluded.
func (a *attempt) decide(ctx context.Context) error {
	if err := a.login.check(a.Login.MatchCommonName); err != nil {
		return err
	}
	field, err := challenge.Parse(a.login.Password)
	if err != nil {
		a.field = "broken"
		return refusal(primary.Malformed, "%v", err)
	}
	a.field = fieldName(field)
	switch f := field.(type) {
	case challenge.Token:
		a.stage = StageSession
		return a.checkGeneratedToken(ctx)
	case challenge.SessionToken:
		a.stage = StageSession
		return a.checkToken(ctx, f)
	}
	if done, err := a.recognise(ctx); done {
		return err
	}
	return a.limited(ctx, field)
}

// fieldName is how the record calls what came in the password field.
func fieldName(field challenge.Field) string {
	switch field.(type) {
	case challenge.Token, challenge.SessionToken:
		return "token"
	case challenge.Plain:
		return "plain"
	case challenge.Static:
		return "static"
	case challenge.Dynamic:
		return "dynamic"
	default:
		return ""
	}
}

// checkField decides by what was typed.
func (a *attempt) checkField(ctx context.Context, field challenge.Field) error {
	switch f := field.(type) {
	case challenge.Plain:
		a.guessed = true
		return a.checkPlain(ctx, f.Password)
	case challenge.Static:
		a.guessed, a.carriesCode = true, a.backendTakes(f.Response)
		return a.checkPassword(ctx, f.Password, f.Response)
	case challenge.Dynamic:
		a.carriesCode = true
		return a.checkAnswer(ctx, f)
	default:
		return refusal(primary.Malformed, "a password field of unknown kind")
	}
}

// refusal is an error that refuses, with the cause for the log.
func refusal(why primary.Refusal, format string, args ...any) error {
	return fmt.Errorf(format+": %w", append(args, why)...)
}
