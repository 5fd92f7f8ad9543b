package worker

import (
	"context"
	"os"

	"ovpn-verify/verify/front/reason"
	"ovpn-verify/verify/openvpn"
)

// work is what differs between the events: what is done, and what becomes of a
// call that nobody works on. After the first answer each of them does nothing.
type work interface {
	do(ctx context.Context, s *Service)
	refuse() error   // there is no service to do it
	giveUp() error   // the service failed
	abandon()        // it is another worker's
	givenUp() string // what giveUp does, for the log
}

// filesOf is how many files come with a call, the one for the verdict first.
func filesOf(call openvpn.Call) int {
	switch {
	case call.Event == openvpn.ClientDisconnect:
		return 0
	case call.Event == openvpn.UserPassVerify && !call.HasReason:
		return 1
	}
	return 2
}

// workOn takes over the files, as many as filesOf says.
func workOn(call openvpn.Call, files []*os.File) work {
	switch call.Event {
	case openvpn.ClientConnect:
		return connection{call, openvpn.NewConnectResults(files[0], files[1])}
	case openvpn.ClientDisconnect:
		return disconnection{call}
	}
	var text *os.File
	if call.HasReason {
		text = files[1]
	}
	return &login{call, openvpn.NewResults(files[0], text)}
}

type login struct {
	call    openvpn.Call
	results *openvpn.Results
}

func (l *login) do(ctx context.Context, s *Service) { s.Decide(ctx, &l.call, l.results) }

func (l *login) refuse() error {
	return l.results.Refuse(reason.Temporary(reason.Unavailable, l.call.ClientProto))
}

func (l *login) giveUp() error { return l.refuse() }

func (l *login) abandon() { l.results.Abandon() }

func (*login) givenUp() string { return "login answered as unavailable" }

// connection is a session that begins. Its login was accepted, so that a failure
// costs it the directives and not more; only without any service it is refused,
// as front does when it finds no worker.
type connection struct {
	call    openvpn.Call
	results *openvpn.ConnectResults
}

func (c connection) do(ctx context.Context, s *Service) { s.Connect(ctx, c.call, c.results) }

func (c connection) refuse() error { return c.results.Refuse() }

func (c connection) giveUp() error { return c.results.Accept("") }

func (c connection) abandon() { c.results.Abandon() }

func (connection) givenUp() string { return "client-connect accepted without directives" }

type disconnection struct{ call openvpn.Call }

func (d disconnection) do(ctx context.Context, s *Service) { s.Disconnect(ctx, d.call) }

func (disconnection) refuse() error { return nil }

func (disconnection) giveUp() error { return nil }

func (disconnection) abandon() {}

func (disconnection) givenUp() string { return "client-disconnect dropped" }
