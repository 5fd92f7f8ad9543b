package worker

import (
	"context"
	"os"
	"strings"
	"testing"

	"ovpn-verify/verify/openvpn"
)

// asConnect makes the fixture's job a client-connect, whose files are the
// fixture's own, with what front has left in them.
func (f *fixture) asConnect(t *testing.T, connect func(context.Context, openvpn.Call, *openvpn.ConnectResults)) {
	t.Helper()
	if err := os.WriteFile(f.control, []byte("2"), 0o600); err != nil {
		t.Fatal(err)
	}
	var files []*os.File
	for _, path := range []string{f.control, f.reason} {
		file, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	f.Connect = connect
	call := openvpn.Call{Event: openvpn.ClientConnect, Config: "/c", Username: "ada"}
	f.job = pendingJob{call: call, work: workOn(call, files)}
}

func TestConnectIsAlwaysAnswered(t *testing.T) {
	for name, c := range map[string]struct {
		connect func(context.Context, openvpn.Call, *openvpn.ConnectResults)
		verdict string
		config  string
		log     string
	}{
		"accepted":  {func(_ context.Context, _ openvpn.Call, r *openvpn.ConnectResults) { _ = r.Accept("push \"x\"\n") }, "1", "push \"x\"\n", ""},
		"refused":   {func(_ context.Context, _ openvpn.Call, r *openvpn.ConnectResults) { _ = r.Refuse() }, "0", "disable\n", ""},
		"forgotten": {func(context.Context, openvpn.Call, *openvpn.ConnectResults) {}, "1", "", ""},
		"panic":     {func(context.Context, openvpn.Call, *openvpn.ConnectResults) { panic("s3cret-pw") }, "1", "", "client-connect accepted without directives: internal error"},
		"panic after the answer": {func(_ context.Context, _ openvpn.Call, r *openvpn.ConnectResults) {
			_ = r.Refuse()
			panic("s3cret-pw")
		}, "0", "disable\n", "internal error"},
	} {
		f := newFixture(t, nil)
		f.asConnect(t, c.connect)
		f.runJob()
		f.want(t, c.verdict, c.config)
		if log := f.log.String(); !strings.Contains(log, c.log) || strings.Contains(log, "s3cret") {
			t.Errorf("%s: the log says %s", name, log)
		}
	}
}

func TestConnectThatDoesNotComeBackIsAnswered(t *testing.T) {
	t.Parallel()
	release := make(chan bool)
	late := make(chan error)
	f := newFixture(t, nil)
	f.asConnect(t, func(_ context.Context, _ openvpn.Call, r *openvpn.ConnectResults) {
		<-release
		late <- r.Accept("push \"x\"\n")
	})
	f.runJob()
	close(release)
	if err := <-late; err != openvpn.ErrDecided {
		t.Errorf("an answer after the deadline: %v", err)
	}
	f.want(t, "1", "")
}

func TestCrowdedSessionsAreNotWorkedOn(t *testing.T) {
	f := newFixture(t, nil)
	f.asConnect(t, func(context.Context, openvpn.Call, *openvpn.ConnectResults) { t.Error("connect was called") })
	for range f.MaxPending {
		f.countIn()
	}
	f.runJob()
	f.want(t, "1", "")

	f.Disconnect = func(context.Context, openvpn.Call) { t.Error("disconnect was called") }
	call := openvpn.Call{Event: openvpn.ClientDisconnect, Config: "/c"}
	f.job = pendingJob{call: call, work: workOn(call, nil)}
	f.runJob()
	if log := f.log.String(); !strings.Contains(log, "client-disconnect dropped: too many are pending") {
		t.Errorf("the log says %s", log)
	}
}

// Without a configuration nobody is let in, as front does without a worker.
func TestConnectWithoutAServiceIsRefused(t *testing.T) {
	f := newFixture(t, nil)
	f.asConnect(t, nil)
	if err := f.job.work.refuse(); err != nil {
		t.Error(err)
	}
	f.want(t, "0", "disable\n")
}

func TestInheritedFilesAreThoseOfTheEvent(t *testing.T) {
	for event, want := range map[openvpn.Event]int{openvpn.UserPassVerify: 1, openvpn.ClientConnect: 2, openvpn.ClientDisconnect: 0} {
		if got := filesOf(openvpn.Call{Event: event}); got != want {
			t.Errorf("%s: %d files, want %d", event, got, want)
		}
	}
	if got := filesOf(openvpn.Call{Event: openvpn.UserPassVerify, HasReason: true}); got != 2 {
		t.Errorf("a login with a reason file: %d files", got)
	}
}
