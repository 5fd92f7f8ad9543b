package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"time"

	"ovpn-verify/verify"
	"ovpn-verify/verify/harden"
	"ovpn-verify/verify/secret"
	"ovpn-verify/verify/trace"
)

// checkCommand tries one login by hand through the pipeline that OpenVPN's
// logins take. Codes are spent and challenges kept as in a real one.
type checkCommand struct {
	User          string     `arg:"" help:"User name, as a client would type it."`
	PasswordStdin bool       `help:"Read the password from standard input."`
	Code          string     `help:"Answer to the first question, in place of asking." placeholder:"CODE"`
	IP            netip.Addr `help:"Client address to claim." placeholder:"ADDRESS"`
	CommonName    string     `help:"Certificate's common name to claim." placeholder:"NAME"`
	JSON          bool       `help:"Print one JSON document."`

	passwordAlone bool // nobody has a second factor yet
}

// Run exits 0 when the login was accepted, 1 refused, 3 not decided.
func (cmd *checkCommand) Run(config *configFlag) error {
	c, err := config.load()
	if err != nil {
		return &statusError{exitUndecided, err}
	}
	// What the worker may not read is not to be read here either.
	if _, err := harden.Restrict(c.Worker.User, c.Files(), c.SystemRoots()); err != nil {
		return &statusError{exitUndecided, err}
	}
	if cmd.passwordAlone {
		c.Login.SecondFactor = "none"
	}
	pipeline, err := newPipeline(c)
	if err != nil {
		return &statusError{exitUndecided, err}
	}
	for _, w := range c.Warnings() {
		fmt.Fprintln(os.Stderr, "warning:", w)
	}
	typed, err := password(cmd.PasswordStdin, "Password")
	if err != nil {
		return &statusError{exitUndecided, err}
	}
	out := newCheckOutput(cmd.JSON)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	l, err := cmd.login(ctx, pipeline, c.Login.Deadline, typed, out.step)
	out.verdict(cmd.User, c.Login.Backend, l, err)
	return exitFor(l.Decision, err)
}

func exitFor(d verify.Decision, err error) error {
	switch {
	case err == nil && d.Verdict == verify.Accepted:
		return nil
	case err == nil && d.Verdict == verify.Refused:
		return &statusError{exitProblem, nil}
	default:
		return &statusError{exitUndecided, nil}
	}
}

// loginByHand is what became of all attempts together: the decision is the
// last one's, the time everybody's.
type loginByHand struct {
	verify.Decision
	id string // in each request that carries one
}

func (l *loginByHand) add(d verify.Decision) {
	d.Took += l.Took
	d.Server = cmp.Or(d.Server, l.Server)
	l.Decision = d
}

// login goes on as a client would: it answers each challenge with a new login.
// An error means that a question could not be answered.
func (cmd *checkCommand) login(ctx context.Context, p *verify.Pipeline, deadline time.Duration, field secret.Text, onStep func(trace.Step)) (loginByHand, error) {
	l := loginByHand{id: verify.NewLoginID()}
	for {
		l.add(cmd.attempt(ctx, p, deadline, l.id, field, onStep))
		if l.Verdict != verify.Challenged {
			return l, nil
		}
		answer, err := cmd.answer(l.Question)
		if err != nil {
			return l, err
		}
		field = secret.New(append([]byte("CRV1::"+l.Question.State+"::"), answer.Reveal()...))
	}
}

func (cmd *checkCommand) attempt(ctx context.Context, p *verify.Pipeline, deadline time.Duration, id string, field secret.Text, onStep func(trace.Step)) verify.Decision {
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	return p.Decide(ctx, verify.Login{
		ID: id, Username: cmd.User, Password: field,
		CommonName: cmd.CommonName, ClientIP: cmd.IP, CanChallenge: true, OnStep: onStep,
	})
}

// answer is --code the first time, and asked for after that.
func (cmd *checkCommand) answer(q *verify.Question) (secret.Text, error) {
	if code := cmd.Code; code != "" {
		cmd.Code = ""
		return secret.FromString(code), nil
	}
	ask := askSecret
	if q.Echo {
		ask = askLine
	}
	answer, err := ask(q.Prompt)
	if errors.Is(err, errNoTerminal) {
		return answer, &hintError{fmt.Errorf("the server asks %q: %w", q.Prompt, err), "give the answer with --code"}
	}
	return answer, err
}
