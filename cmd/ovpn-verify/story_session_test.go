package main

import (
	"context"
	"fmt"
	"regexp"

	"github.com/rogpeppe/go-internal/testscript"

	"ovpn-verify/scripts/testbed"
)

// openvpnConnect [OPTION…] USER: the session of the user's last login begins; the
// options are openvpn-call's. It sets $TOKEN to the token that is pushed.
func openvpnConnect(ts *testscript.TestScript, neg bool, args []string) {
	of(ts).sessionCall(ts, args, testbed.Call.Connect)
}

var pushedToken = regexp.MustCompile(`"auth-token ([^"]+)"`)

// openvpnDisconnect [OPTION…] USER: a session has ended.
func openvpnDisconnect(ts *testscript.TestScript, neg bool, args []string) {
	of(ts).sessionCall(ts, args, testbed.Call.Disconnect)
}

func (s *story) sessionCall(ts *testscript.TestScript, args []string,
	make func(testbed.Call, context.Context) (testbed.SessionResult, error)) {
	call, args := s.parseCall(ts, args, 1)
	call.Username, call.Port = args[0], s.ports[args[0]]
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	r, err := make(call, ctx)
	ts.Check(err)
	if token := pushedToken.FindStringSubmatch(r.Directives); token != nil {
		s.secrets = append(s.secrets, token[1])
		ts.Setenv("TOKEN", token[1])
	}
	s.session, s.last = r, testbed.Result{Status: r.Status, Output: r.Output}
	fmt.Fprintln(&s.seen, r.Output)
	s.lookForSecrets(ts)
}

// expectConnected [DIRECTIVES]: the session of the last openvpn-connect begins,
// with directives that match; without the argument there are none.
func expectConnected(ts *testscript.TestScript, neg bool, args []string) {
	r := of(ts).session
	if r.Connected == neg {
		ts.Fatalf("connected %v, deferred %v, output: %s", r.Connected, r.Deferred, r.Output)
	}
	if neg {
		return
	}
	want := "^$"
	if len(args) == 1 {
		want = args[0]
	}
	match(ts, false, "directives", r.Directives, want)
}
