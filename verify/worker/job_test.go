package worker

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ovpn-verify/verify/front/reason"
	"ovpn-verify/verify/openvpn"
	"ovpn-verify/verify/secret"
)

// fixture is a worker with one job.
type fixture struct {
	*worker
	job             pendingJob
	control, reason string
	log             bytes.Buffer
}

func newFixture(t *testing.T, decide func(context.Context, *openvpn.Call, *openvpn.Results)) *fixture {
	t.Helper()
	dir := t.TempDir()
	f := &fixture{control: filepath.Join(dir, "acf"), reason: filepath.Join(dir, "afr")}
	files := make([]*os.File, 2)
	for i, path := range []string{f.control, f.reason} {
		var err error
		if files[i], err = os.Create(path); err != nil {
			t.Fatal(err)
		}
	}
	call := openvpn.Call{
		Event: openvpn.UserPassVerify, HasReason: true, Config: "/c",
		Username: "ada", Password: secret.FromString("s3cret-pw"), ClientProto: "990",
	}
	f.job = pendingJob{call: call, work: workOn(call, files)}
	f.worker = &worker{startedBy: os.Geteuid(), leaving: make(chan struct{}), Service: Service{
		Decide: decide, Config: "/c", Deadline: 50 * time.Millisecond, Linger: time.Hour, MaxPending: 4,
		Log: slog.New(slog.NewTextHandler(&f.log, nil)),
	}}
	return f
}

func (f *fixture) want(t *testing.T, verdict, text string) {
	t.Helper()
	control, _ := os.ReadFile(f.control)
	reason, _ := os.ReadFile(f.reason)
	if string(control) != verdict || string(reason) != text {
		t.Errorf("verdict %q, reason %q; want %q, %q\n%s", control, reason, verdict, text, f.log.String())
	}
}

// runJob waits until the job has been counted out, which is not always where it comes back.
func (f *fixture) runJob() {
	f.job.crowded = f.countIn()
	before := f.countPending()
	f.start(f.job)
	for f.countPending() == before {
		time.Sleep(time.Millisecond)
	}
}

func (f *fixture) countPending() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.pending
}

var unavailable = reason.Temporary(reason.Unavailable, "990")

func TestPanicIsAnsweredAndShowsNothingTyped(t *testing.T) {
	f := newFixture(t, func(_ context.Context, c *openvpn.Call, _ *openvpn.Results) {
		panic("near " + string(c.Password.Reveal()))
	})
	f.runJob()
	f.want(t, "0", unavailable)
	if log := f.log.String(); strings.Contains(log, "s3cret") || !strings.Contains(log, "internal error") ||
		!strings.Contains(log, "TestPanicIsAnsweredAndShowsNothingTyped") {
		t.Errorf("the log says %s", log)
	}
}

func TestDecidingThatForgetsTheVerdictIsAnswered(t *testing.T) {
	f := newFixture(t, func(context.Context, *openvpn.Call, *openvpn.Results) {})
	f.runJob()
	f.want(t, "0", unavailable)
}

func TestDecidingThatDoesNotComeBackIsAnswered(t *testing.T) {
	t.Parallel()
	release := make(chan bool)
	late := make(chan error)
	f := newFixture(t, func(ctx context.Context, _ *openvpn.Call, r *openvpn.Results) {
		<-ctx.Done()
		<-release
		late <- r.Accept()
	})
	f.runJob()
	f.want(t, "0", unavailable)
	close(release)
	if err := <-late; err != openvpn.ErrDecided {
		t.Errorf("an accept after the deadline: %v", err)
	}
	f.want(t, "0", unavailable)
}

func TestVerdictStands(t *testing.T) {
	f := newFixture(t, func(_ context.Context, _ *openvpn.Call, r *openvpn.Results) { _ = r.Accept() })
	f.runJob()
	f.want(t, "1", "")
}

func TestJobAboveMaxPendingIsAnsweredAtOnce(t *testing.T) {
	f := newFixture(t, func(_ context.Context, _ *openvpn.Call, r *openvpn.Results) { _ = r.Accept() })
	for range f.MaxPending {
		f.countIn()
	}
	told := false
	f.TooMany = func(call openvpn.Call) {
		told = call.Username == "ada"
		f.want(t, "0", unavailable)
		panic("s3cret-pw")
	}
	f.runJob()
	f.want(t, "0", unavailable)
	if !told || strings.Contains(f.log.String(), "s3cret-pw") {
		t.Errorf("told: %t; the log says %s", told, f.log.String())
	}
}

func TestLeavingWorkerAdmitsNothing(t *testing.T) {
	f := newFixture(t, nil)
	stale := false
	f.Stale = func() bool { return stale }
	if admitted, _ := f.admit(); !admitted {
		t.Fatal("a worker that is not leaving declined")
	}
	stale = true
	if admitted, _ := f.admit(); admitted {
		t.Error("admitted with stale files")
	}
	select {
	case <-f.leaving:
	default:
		t.Error("a stale worker does not leave")
	}
	stale = false
	if admitted, _ := f.admit(); admitted {
		t.Error("admitted after leaving")
	}
}

// Front names a worker by the files it was made from: none asks for this one any more.
func TestStaleWorkerLeavesWithoutBeingAsked(t *testing.T) {
	f := newFixture(t, nil)
	synctest.Test(t, func(t *testing.T) {
		changed := time.Now().Add(3 * time.Second)
		f.leaving = make(chan struct{}) // of this bubble
		f.Stale = func() bool { return !time.Now().Before(changed) }
		f.watch()
		if late := time.Since(changed); late < 0 || late > staleEvery {
			t.Errorf("left %v after the change", late)
		}
	})
}

func TestIdleWorkerLeavesAfterLingering(t *testing.T) {
	f := newFixture(t, func(_ context.Context, _ *openvpn.Call, r *openvpn.Results) { _ = r.Accept() })
	f.Linger = 20 * time.Millisecond
	f.runJob()
	select {
	case <-f.leaving:
	case <-time.After(5 * time.Second):
		t.Error("still there")
	}
}
