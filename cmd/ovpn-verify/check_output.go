package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"time"

	"ovpn-verify/verify"
	"ovpn-verify/verify/primary"
	"ovpn-verify/verify/trace"
)

// checkOutput shows a login to a person as it goes on, or to a program at its end.
type checkOutput struct {
	json  bool
	style style
	steps []stepJSON
}

func newCheckOutput(asJSON bool) *checkOutput {
	return &checkOutput{json: asJSON, style: styleOf(os.Stdout)}
}

func (o *checkOutput) step(s trace.Step) {
	line := stepJSON{Name: s.Name, Server: shown(s.Server), MS: milliseconds(s.Took), Result: resultOf(s.Err), Note: shown(s.Note)}
	if s.Err != nil && line.Result != resultAsks {
		line.Cause = shown(s.Err.Error())
	}
	if o.json {
		o.steps = append(o.steps, line)
		return
	}
	result := o.coloured(line.Result)
	if line.Cause != "" {
		result += ": " + line.Cause
	}
	if line.Note != "" {
		result += ": " + line.Note
	}
	fmt.Printf("%-22s %-36s %8.1f ms  %s\n", line.Name, line.Server, line.MS, result)
}

// coloured is a step's result as a person sees it.
func (o *checkOutput) coloured(result string) string {
	switch result {
	case resultOK:
		return o.style.green(result)
	case resultAsks:
		return o.style.yellow(result)
	}
	return o.style.red(result)
}

// What became of a step.
const (
	resultOK      = "ok"
	resultAsks    = "asks"    // the user is asked
	resultRefused = "refused" // decided against the login
	resultFailed  = "failed"  // decided nothing
)

func resultOf(err error) string {
	_, server := errors.AsType[*primary.ChallengeError](err)
	_, here := errors.AsType[*verify.Question](err)
	switch {
	case err == nil:
		return resultOK
	case errors.Is(err, primary.ErrRefused):
		return resultRefused
	case server || here:
		return resultAsks
	default:
		return resultFailed
	}
}

// verdict ends the output. err tells why a question was not answered.
func (o *checkOutput) verdict(user, backend string, l loginByHand, err error) {
	d := l.Decision
	var cause string
	if err = cmp.Or(err, d.Cause); err != nil {
		cause = shown(err.Error())
	}
	d.Identity = shown(d.Identity)
	if o.json {
		printJSON(documentOf(user, backend, l, cause, o.steps))
		return
	}
	colour := o.style.red
	if d.Verdict == verify.Accepted {
		colour = o.style.green
	}
	fmt.Printf("%s: %s", colour(d.Verdict.String()), shown(user))
	if d.Identity != "" && d.Identity != user {
		fmt.Printf(" (%s in the directory)", d.Identity)
	}
	fmt.Printf(" in %.1f ms\n", milliseconds(d.Took))
	if cause != "" {
		fmt.Println("cause:", cause)
	}
	if hint, ok := errors.AsType[*hintError](err); ok {
		fmt.Println("hint:", hint.hint)
	}
	if d.Verdict != verify.Accepted && d.Verdict != verify.Challenged {
		fmt.Println("the client is told:", d.Text)
	}
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
