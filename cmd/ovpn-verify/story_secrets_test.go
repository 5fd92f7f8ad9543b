package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"ovpn-verify/scripts/testbed"
)

// stateLength is that of a challenge's state. The client is shown it, by design.
const stateLength = 22

// lookForSecrets fails when a password, code or challenge state is where it
// could be read: in the log, in what was shown, in a worker's arguments or
// environment, in the state.
func (s *story) lookForSecrets(ts *testscript.TestScript) {
	log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
	state, _ := os.ReadFile(filepath.Join(s.dir, "state.db"))
	places := map[string]string{"the log": string(log), "the state": string(state)}
	for _, w := range testbed.Workers(s.dir) {
		places["a worker's arguments and environment"] += w.Arguments + w.Environ
	}
	found := testbed.FindSecrets(places, s.secrets)
	var typed []string
	for _, secret := range s.secrets {
		if len(secret) != stateLength {
			typed = append(typed, secret)
		}
	}
	found = append(found, testbed.FindSecrets(map[string]string{"what was shown": s.seen.String()}, typed)...)
	if len(found) > 0 {
		ts.Fatalf("%s", strings.Join(found, "\n"))
	}
}

// expectClean [FILE…]: no secret stands in what the last command printed, nor in the files.
func expectClean(ts *testscript.TestScript, neg bool, args []string) {
	s := of(ts)
	fmt.Fprintf(&s.seen, "%s\n%s\n", ts.ReadFile("stdout"), ts.ReadFile("stderr"))
	s.lookForSecrets(ts)
	places := map[string]string{}
	for _, file := range args {
		places[file] = ts.ReadFile(file)
	}
	if found := testbed.FindSecrets(places, s.secrets); len(found) > 0 {
		ts.Fatalf("%s", strings.Join(found, "\n"))
	}
}
