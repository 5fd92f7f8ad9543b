package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"ovpn-verify/verify"
)

// What the keys with a fixed set of values may say.
var (
	verdictValues = []string{verify.Accepted.String(), verify.Refused.String(), verify.Challenged.String(), verify.Unavailable.String()}
	stageValues   = []string{verify.StageLogin, verify.StageSession, verify.StageLimits, verify.StagePassword, verify.StageChallenge, verify.StageFactor}
	factorValues  = []string{"none", "totp", "recovery", "backend", "unknown", "session"}
	resultValues  = []string{resultOK, resultAsks, resultRefused, resultFailed}
)

// expectJSON KEY=VALUE…: what the last command printed is one document of
// `check --json`, without a secret, and has these values; an empty one means that
// the key is not there. Steps are NAME:RESULT,…, groups stand apart by ";", and
// of a question it is the prompt.
func expectJSON(ts *testscript.TestScript, neg bool, args []string) {
	s, out := of(ts), ts.ReadFile("stdout")
	fmt.Fprintln(&s.seen, out)
	s.lookForSecrets(ts)
	doc, err := readCheckJSON(out)
	if err != nil {
		ts.Fatalf("%v\n%s", err, out)
	}
	values := map[string]string{
		"identity": doc.Identity, "backend": doc.Backend, "server": doc.Server, "factor": doc.Factor,
		"verdict": doc.Verdict, "stage": doc.Stage, "cause": doc.Cause, "client": doc.Client,
		"groups": strings.Join(doc.Groups, ";"), "steps": stepsOf(doc), "question": "",
	}
	if doc.Question != nil {
		values["question"] = doc.Question.Prompt
	}
	for _, arg := range args {
		key, want, _ := strings.Cut(arg, "=")
		if got, known := values[key]; !known || got != want {
			ts.Fatalf("%s is %q, want %q\n%s", key, got, want, out)
		}
	}
}

func stepsOf(doc checkJSON) string {
	var steps []string
	for _, step := range doc.Steps {
		steps = append(steps, step.Name+":"+step.Result)
	}
	return strings.Join(steps, ",")
}

// readCheckJSON reads one document strictly and holds it against what the page
// says about which fields come together.
func readCheckJSON(text string) (doc checkJSON, err error) {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&doc); err != nil {
		return doc, err
	}
	if dec.More() {
		return doc, fmt.Errorf("there is more than one document")
	}
	var keys map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &keys); err != nil {
		return doc, err
	}
	for _, key := range []string{"format", "login", "user", "backend", "factor", "verdict", "ms", "steps"} {
		if keys[key] == nil || bytes.Equal(keys[key], []byte("null")) {
			return doc, fmt.Errorf("%s is not there", key)
		}
	}
	return doc, doc.consistent()
}

func (doc checkJSON) consistent() error {
	accepted := doc.Verdict == "accepted"
	for what, right := range map[string]bool{
		"format":               doc.Format == checkFormat,
		"login":                len(doc.Login) == 10,
		"factor":               slices.Contains(factorValues, doc.Factor),
		"verdict":              slices.Contains(verdictValues, doc.Verdict),
		"stage":                accepted != slices.Contains(stageValues, doc.Stage),
		"cause":                accepted == (doc.Cause == ""),
		"client":               (accepted || doc.Question != nil) == (doc.Client == ""),
		"question":             (doc.Verdict == "challenged") == (doc.Question != nil),
		"identity of accepted": !accepted || doc.Identity != "",
	} {
		if !right {
			return fmt.Errorf("%s is not as documented", what)
		}
	}
	for _, step := range doc.Steps {
		bad := step.Result == "refused" || step.Result == "failed"
		if !slices.Contains(resultValues, step.Result) || bad != (step.Cause != "") || step.Name == "" || step.MS < 0 {
			return fmt.Errorf("step %+v is not as documented", step)
		}
	}
	return nil
}

// A field that nobody knows, or one that is missing, is noticed.
func TestCheckJSONIsReadStrictly(t *testing.T) {
	right := `{"format":1,"login":"ABCDEFGHIJ","user":"ada","identity":"ada","backend":"file","factor":"none","verdict":"accepted","ms":1,"steps":[]}`
	if _, err := readCheckJSON(right); err != nil {
		t.Fatal(err)
	}
	for _, c := range [][2]string{
		{`"steps":[]`, `"steps":null`}, {`"ms":1`, `"seconds":1`}, {`"accepted"`, `"yes"`}, {`"ms":1,`, ``},
		{`"accepted"`, `"refused"`}, {`}`, `}{}`}, {`[]`, `[{"name":"bind","ms":1,"result":"failed"}]`}, {`"format":1`, `"format":2`},
	} {
		if _, err := readCheckJSON(strings.Replace(right, c[0], c[1], 1)); err == nil {
			t.Errorf("%s in place of %s went unnoticed", c[1], c[0])
		}
	}
}
