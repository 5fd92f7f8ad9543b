package verify

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"ovpn-verify/challenge"
	"ovpn-verify/verify/front/reason"
	"ovpn-verify/verify/primary"
	"ovpn-verify/verify/state"
)

// Verdict is what becomes of a login. The zero Verdict refuses.
type Verdict int

// The verdicts. All but Accepted end this connection attempt.
const (
	Refused     Verdict = iota
	Unavailable         // could not be decided: an outage
	Challenged          // the user is asked a question
	Accepted
)

func (v Verdict) String() string {
	switch v {
	case Accepted:
		return "accepted"
	case Challenged:
		return "challenged"
	case Unavailable:
		return "unavailable"
	default:
		return "refused"
	}
}

// Question is the error by which a login ends in a challenge.
type Question struct {
	Prompt string
	Echo   bool
	State  string // the id of the pending challenge
}

func (q *Question) Error() string { return "the user is asked for an answer" }

// Decision is the verdict on one login, with what the record tells of it.
type Decision struct {
	Verdict  Verdict
	Text     string    // for the client; empty when accepted
	Question *Question // when challenged
	Identity string    // the directory's spelling, empty until the password was right
	Groups   []string  // of the identity, as the directory names them
	Reason   string    // why not accepted, one of Reasons; empty when accepted or challenged
	Stage    string    // where the login ended, one of the stages; empty when accepted
	Field    string    // what kind of password field came
	Factor   string    // what was checked besides the password, or was to be
	Server   string    // the last server that was asked
	Notes    []string  // what the log should tell of a login that went well, too
	Cause    error     // nil when accepted; for the log, never for the client
	Took     time.Duration
}

// decision is the one place where an error becomes a verdict and a text.
func (a *attempt) decision(err error) Decision {
	d := Decision{
		Verdict: verdictOf(err), Identity: a.identity.Name, Groups: a.identity.Groups,
		Reason: a.reasonFor(err), Stage: a.stage, Field: a.field, Factor: a.factor, Cause: err,
	}
	switch d.Verdict {
	case Accepted:
		d.Stage = ""
	case Challenged:
		d.Question, _ = errors.AsType[*Question](err)
		d.Text = challenge.Message(challenge.Question{
			State: d.Question.State, Username: a.login.Username,
			Text: d.Question.Prompt, Echo: d.Question.Echo,
		})
	case Unavailable:
		d.Text = unavailableText(err, a.login.ClientProto)
	default:
		d.Text = refusedText(err)
	}
	return d
}

// unavailableText makes clients that can try again by themselves, unless that
// would ask the user a second time, or repeat a code that may be spent by now.
func unavailableText(err error, clientProto string) string {
	if onlyOnce(err) {
		return reason.NotReached
	}
	return reason.Temporary(reason.Unavailable, clientProto)
}

func onlyOnce(err error) bool {
	_, once := errors.AsType[*primary.OnceError](err)
	return once || errors.Is(err, state.ErrUnknown)
}

// refusedText is the backend's own text where it has one for the user, and
// otherwise the same whatever was wrong.
func refusedText(err error) string {
	if e, ok := errors.AsType[*primary.ReasonError](err); ok {
		if text := challenge.Reason(e.Text); text != "" {
			return text
		}
	}
	return reason.Refused
}

func verdictOf(err error) Verdict {
	_, asks := errors.AsType[*Question](err)
	switch {
	case err == nil:
		return Accepted
	case errors.Is(err, primary.ErrRefused):
		return Refused
	case asks:
		return Challenged
	default:
		return Unavailable
	}
}

// Record writes the one log line that tells of a login.
func (d *Decision) Record(log *slog.Logger, l *Login, backend string) {
	level := slog.LevelInfo
	switch d.Verdict {
	case Refused:
		level = slog.LevelWarn
	case Unavailable:
		level = slog.LevelError
	}
	attrs := []slog.Attr{
		slog.String("login", l.ID), slog.String("user", LoggedName(l.Username)),
		slog.String("identity", d.Identity), slog.String("ip", l.ip()),
		slog.String("backend", backend), slog.String("server", d.Server),
		slog.String("field", d.Field), slog.String("factor", d.Factor),
		slog.String("verdict", d.Verdict.String()), slog.String("reason", d.Reason), slog.Int64("ms", d.Took.Milliseconds()),
	}
	for _, note := range d.Notes {
		attrs = append(attrs, slog.String("note", note))
	}
	if d.Cause != nil {
		attrs = append(attrs, slog.String("cause", d.Cause.Error()))
	}
	log.LogAttrs(context.Background(), level, "login", attrs...)
}

func (l *Login) ip() string {
	if !l.ClientIP.IsValid() {
		return ""
	}
	return l.ClientIP.String()
}
