package main

import (
	"encoding/json"
	"os"

	"ovpn-verify/verify"
)

// checkFormat is raised when a program that reads the form would have to change.
const checkFormat = 1

// checkJSON is what `check --json` prints; docs/check-json.md describes it.
type checkJSON struct {
	Format   int           `json:"format"`
	Login    string        `json:"login"`
	User     string        `json:"user"`
	Identity string        `json:"identity,omitempty"`
	Groups   []string      `json:"groups,omitempty"`
	Backend  string        `json:"backend"`
	Server   string        `json:"server,omitempty"`
	Factor   string        `json:"factor"`
	Verdict  string        `json:"verdict"`
	Stage    string        `json:"stage,omitempty"`
	Cause    string        `json:"cause,omitempty"`
	Client   string        `json:"client,omitempty"`
	Question *questionJSON `json:"question,omitempty"`
	MS       float64       `json:"ms"`
	Steps    []stepJSON    `json:"steps"`
}

type questionJSON struct {
	Prompt string `json:"prompt"`
	Echo   bool   `json:"echo"`
}

type stepJSON struct {
	Name   string  `json:"name"`
	Server string  `json:"server,omitempty"`
	MS     float64 `json:"ms"`
	Result string  `json:"result"`
	Cause  string  `json:"cause,omitempty"`
	Note   string  `json:"note,omitempty"`
}

// documentOf leaves out what answers a pending challenge: its state.
func documentOf(user, backend string, l loginByHand, cause string, steps []stepJSON) checkJSON {
	d := l.Decision
	doc := checkJSON{
		Format: checkFormat, Login: l.id, User: user, Identity: shown(d.Identity), Backend: backend, Server: shown(d.Server),
		Factor: d.Factor, Verdict: d.Verdict.String(), Stage: d.Stage, Cause: cause,
		MS: milliseconds(d.Took), Steps: append([]stepJSON{}, steps...),
	}
	for _, group := range d.Groups {
		doc.Groups = append(doc.Groups, shown(group))
	}
	if d.Verdict == verify.Challenged {
		doc.Question = &questionJSON{Prompt: d.Question.Prompt, Echo: d.Question.Echo}
	} else {
		doc.Client = d.Text
	}
	return doc
}

func printJSON(doc checkJSON) {
	enc := json.NewEncoder(os.Stdout)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	_ = enc.Encode(doc)
}
