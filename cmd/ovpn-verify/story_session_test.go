package main

import (
	"context"
	"fmt"

	"github.com/rogpeppe/go-internal/testscript"

	"ovpn-verify/scripts/testbed"
)

// openvpnConnect [OPTION…] USER: a session begins; the options are openvpn-call's.
func openvpnConnect(ts *testscript.TestScript, neg bool, args []string) {
	of(ts).sessionCall(ts, args, testbed.Call.Connect)
}

// openvpnDisconnect [OPTION…] USER: a session has ended.
func openvpnDisconnect(ts *testscript.TestScript, neg bool, args []string) {
	of(ts).sessionCall(ts, args, testbed.Call.Disconnect)
}

func (s *story) sessionCall(ts *testscript.TestScript, args []string,
	make func(testbed.Call, context.Context) (testbed.SessionResult, error)) {
	call, args := s.parseCall(ts, args, 1)
	call.Username = args[0]
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	r, err := make(call, ctx)
	ts.Check(err)
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
