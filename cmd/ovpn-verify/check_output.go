package main

import (
	"cmp"
	"encoding/json"
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
	steps []stepJSON
}

// checkJSON is what `check --json` prints.
type checkJSON struct {
	User     string     `json:"user"`
	Identity string     `json:"identity,omitempty"` // the directory's spelling, once the password was right
	Backend  string     `json:"backend"`
	Server   string     `json:"server,omitempty"` // the last that was asked
	Factor   string     `json:"factor"`           // what was checked besides the password
	Verdict  string     `json:"verdict"`          // accepted, refused, challenged (not answered) or unavailable
	Cause    string     `json:"cause,omitempty"`
	Client   string     `json:"client,omitempty"` // the text that a client would be sent
	MS       float64    `json:"ms"`
	Steps    []stepJSON `json:"steps"`
}

type stepJSON struct {
	Name   string  `json:"name"`
	Server string  `json:"server,omitempty"`
	MS     float64 `json:"ms"`
	Result string  `json:"result"` // "ok", "failed", or "asks" for a server's question
	Cause  string  `json:"cause,omitempty"`
	Note   string  `json:"note,omitempty"` // what the server told besides, such as a password that expires soon
}

func newCheckOutput(asJSON bool) *checkOutput { return &checkOutput{json: asJSON} }

func (o *checkOutput) step(s trace.Step) {
	line := stepJSON{Name: s.Name, Server: shown(s.Server), MS: milliseconds(s.Took), Result: "ok", Note: shown(s.Note)}
	if _, asks := errors.AsType[*primary.ChallengeError](s.Err); asks {
		line.Result = "asks"
	} else if s.Err != nil {
		line.Result, line.Cause = "failed", shown(s.Err.Error())
	}
	if o.json {
		o.steps = append(o.steps, line)
		return
	}
	result := line.Result
	if line.Cause != "" {
		result += ": " + line.Cause
	}
	if line.Note != "" {
		result += ": " + line.Note
	}
	fmt.Printf("%-22s %-36s %8.1f ms  %s\n", line.Name, line.Server, line.MS, result)
}

// verdict ends the output. err tells why a question was not answered.
func (o *checkOutput) verdict(user, backend string, d verify.Decision, err error) {
	var cause string
	if err = cmp.Or(err, d.Cause); err != nil {
		cause = shown(err.Error())
	}
	d.Identity = shown(d.Identity)
	if o.json {
		o.printJSON(user, backend, d, cause)
		return
	}
	fmt.Printf("%s: %s", d.Verdict, shown(user))
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

func (o *checkOutput) printJSON(user, backend string, d verify.Decision, cause string) {
	doc := checkJSON{
		User: user, Identity: d.Identity, Backend: backend, Server: d.Server, Factor: d.Factor,
		Verdict: d.Verdict.String(), Cause: cause, MS: milliseconds(d.Took), Steps: o.steps,
	}
	if d.Question == nil {
		doc.Client = d.Text
	}
	enc := json.NewEncoder(os.Stdout)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	_ = enc.Encode(doc)
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
