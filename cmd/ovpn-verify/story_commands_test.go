package main

import (
	"encoding/base32"
	"encoding/base64"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/rogpeppe/go-internal/testscript"

	"ovpn-verify/backends/backendtest/fakeldap"
	"ovpn-verify/backends/backendtest/fakeradius"
	"ovpn-verify/scripts/testbed"
)

// expectStatus N: the exit status of the last call.
func expectStatus(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	if got := of(ts).last.Status; (got == want) == neg {
		ts.Fatalf("exit status %d; output: %s", got, of(ts).last.Output)
	}
}

// expectVerdict 1|0|none [USER]: with a user, of the call that was started for him.
func expectVerdict(ts *testscript.TestScript, neg bool, args []string) {
	s := of(ts)
	if len(args) == 2 {
		s.finish(ts, s.calls[args[1]])
		delete(s.calls, args[1])
	}
	got := "none"
	if s.last.Verdict != 0 {
		got = string(s.last.Verdict)
	}
	if (got == args[0]) == neg {
		ts.Fatalf("verdict %s, reason %q, output: %s", got, s.last.Reason, s.last.Output)
	}
}

// expectReason REGEXP: what the client is sent.
func expectReason(ts *testscript.TestScript, neg bool, args []string) {
	match(ts, neg, "reason", of(ts).last.Reason, args[0])
}

// expectOutput REGEXP: what OpenVPN's log shows.
func expectOutput(ts *testscript.TestScript, neg bool, args []string) {
	match(ts, neg, "output", of(ts).last.Output, args[0])
}

func match(ts *testscript.TestScript, neg bool, what, text, expression string) {
	if regexp.MustCompile(expression).MatchString(text) == neg {
		ts.Fatalf("%s: %q", what, text)
	}
}

// takeChallenge NAME: sets $NAME to the state of the challenge in the last reason.
func takeChallenge(ts *testscript.TestScript, neg bool, args []string) {
	c, err := testbed.ParseChallenge(of(ts).last.Reason)
	ts.Check(err)
	ts.Setenv(args[0], c.State)
}

var uriLine = regexp.MustCompile(`(?m)^otpauth://.*$`)

// takeSeed NAME: sets $NAME to the secret that `totp enroll` has just shown.
func takeSeed(ts *testscript.TestScript, neg bool, args []string) {
	uri, err := url.Parse(uriLine.FindString(ts.ReadFile("stdout")))
	ts.Check(err)
	seed := uri.Query().Get("secret")
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(seed)
	ts.Check(err)
	ts.Setenv(args[0], seed)
	of(ts).secrets = append(of(ts).secrets, seed, string(raw))
}

// makeCode NAME SEED STEPS: sets $NAME to the code so many time steps from now.
func makeCode(ts *testscript.TestScript, neg bool, args []string) {
	steps, err := strconv.Atoi(args[2])
	ts.Check(err)
	counter := uint64(time.Now().Unix()/30) + uint64(steps)
	code, err := hotp.GenerateCodeCustom(args[1], counter, hotp.ValidateOpts{Digits: otp.DigitsSix})
	ts.Check(err)
	ts.Setenv(args[0], code)
	of(ts).secrets = append(of(ts).secrets, code)
}

// takeRecoveryCode NAME FILE: sets $NAME to the code that stands in the file.
func takeRecoveryCode(ts *testscript.TestScript, neg bool, args []string) {
	code := strings.TrimSpace(ts.ReadFile(args[1]))
	ts.Setenv(args[0], code)
	of(ts).secrets = append(of(ts).secrets, code)
}

// makeStatic NAME PASSWORD RESPONSE: sets $NAME to what a client with a static challenge sends.
func makeStatic(ts *testscript.TestScript, neg bool, args []string) {
	ts.Setenv(args[0], testbed.Static(args[1], args[2]))
}

// waitLog REGEXP [FILE]: until the log has it.
func waitLog(ts *testscript.TestScript, neg bool, args []string) {
	path := filepath.Join(of(ts).dir, "log")
	re := regexp.MustCompile(args[0])
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		content, _ := os.ReadFile(path)
		if re.Match(content) {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("not in the log: %s\n%s", args[0], content)
		}
	}
}

// startLDAP [DELAY]: sets $LDAP to the URL of a directory, slow by DELAY at
// each bind of a user.
func startLDAP(ts *testscript.TestScript, neg bool, args []string) {
	o := fakeldap.Example()
	o.NamingContexts = []string{fakeldap.ExampleBaseDN}
	if len(args) == 1 {
		delay, err := time.ParseDuration(args[0])
		ts.Check(err)
		o.Faults = map[fakeldap.Step]fakeldap.Fault{fakeldap.UserBind: {Delay: delay}}
	}
	server, err := fakeldap.Start(o)
	ts.Check(err)
	of(ts).ldap = server
	ts.Setenv("LDAP", server.URL())
}

// startRADIUS [silent]: sets $RADIUS to the address of a server that knows ada,
// and carol whom it asks two questions.
func startRADIUS(ts *testscript.TestScript, neg bool, args []string) {
	echo, noEcho := true, false
	o := fakeradius.Options{Secret: "radius-shared-secret", Users: map[string]fakeradius.User{
		"ada": {Password: "ada-password"},
		"carol": {Password: "carol-password", Rounds: []fakeradius.Round{
			{Prompt: []string{"Which city?"}, Echo: &echo, State: []byte("state-1"), Answer: "carol-city"},
			{Prompt: []string{"And the code?"}, Echo: &noEcho, State: []byte("state-2"), Answer: "carol-code"},
		}},
	}}
	if len(args) == 1 {
		o.Answers = []fakeradius.Kind{fakeradius.Silent}
	}
	server, err := fakeradius.Start(o)
	ts.Check(err)
	of(ts).radius = server
	ts.Setenv("RADIUS", server.Addr())
}

// writeConfig: config.tmpl with $NAME filled in becomes config.toml, and the
// files that end in .secret become readable by their owner alone.
func writeConfig(ts *testscript.TestScript, neg bool, args []string) {
	content := os.Expand(ts.ReadFile("config.tmpl"), ts.Getenv)
	ts.Check(os.WriteFile(filepath.Join(of(ts).dir, "config.toml"), []byte(content), 0o600))
	secrets, err := filepath.Glob(filepath.Join(of(ts).dir, "*.secret"))
	ts.Check(err)
	for _, path := range secrets {
		ts.Check(os.Chmod(path, 0o600))
	}
}

// fillIn FILE TEMPLATE: with $NAME filled in.
func fillIn(ts *testscript.TestScript, neg bool, args []string) {
	content := os.Expand(ts.ReadFile(args[1]), ts.Getenv)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(content), 0o600))
}

// changeMode MODE FILE…
func changeMode(ts *testscript.TestScript, neg bool, args []string) {
	mode, err := strconv.ParseUint(args[0], 8, 32)
	ts.Check(err)
	for _, file := range args[1:] {
		ts.Check(os.Chmod(ts.MkAbs(file), os.FileMode(mode)))
	}
}

// noteSecret TEXT…: what must not be seen anywhere from here on.
func noteSecret(ts *testscript.TestScript, neg bool, args []string) {
	of(ts).secrets = append(of(ts).secrets, args...)
}

// noteSecretFile FILE…: what stands in them must not be seen either, nor what it
// is the base64 of.
func noteSecretFile(ts *testscript.TestScript, neg bool, args []string) {
	for _, file := range args {
		content := strings.TrimSpace(ts.ReadFile(file))
		of(ts).secrets = append(of(ts).secrets, content)
		if raw, err := base64.StdEncoding.DecodeString(content); err == nil && len(raw) >= 16 {
			of(ts).secrets = append(of(ts).secrets, string(raw))
		}
	}
}

// expectWorkers N: so many worker processes serve this story's configuration.
func expectWorkers(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	if got := len(awaitWorkers(ts, func(n int) bool { return n == want })); got != want {
		ts.Fatalf("%d workers", got)
	}
}

// awaitWorkers looks until there are as many as they should be: a worker is
// started when OpenVPN has gone on.
func awaitWorkers(ts *testscript.TestScript, right func(n int) bool) []testbed.Worker {
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		workers := testbed.Workers(of(ts).dir)
		if right(len(workers)) || time.Now().After(deadline) {
			return workers
		}
	}
}

// killWorkers ends them as a crash would, when they have all that was called: of a
// worker that ends before, front tells at once.
func killWorkers(ts *testscript.TestScript, neg bool, args []string) {
	workers := awaitWorkers(ts, func(n int) bool { return n > 0 && len(fronts(binary, filepath.Join(of(ts).dir, "config.toml"))) == 0 })
	if len(workers) == 0 {
		ts.Fatalf("no worker is running")
	}
	for _, w := range workers {
		ts.Check(w.Kill())
	}
}

// waitGone: until no worker is left.
func waitGone(ts *testscript.TestScript, neg bool, args []string) {
	if len(awaitWorkers(ts, func(n int) bool { return n == 0 })) > 0 {
		ts.Fatalf("workers are still there")
	}
}

// noteField remembers the secrets in a password field.
func (s *story) noteField(field string) {
	if len(field) < 6 {
		return
	}
	if state, response, dynamic := strings.Cut(strings.TrimPrefix(field, "CRV1::"), "::"); dynamic {
		s.secrets = append(s.secrets, state, response)
		return
	}
	s.secrets = append(s.secrets, field)
}
