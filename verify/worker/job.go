package worker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"

	"ovpn-verify/verify/front"
	"ovpn-verify/verify/front/job"
	"ovpn-verify/verify/front/reason"
	"ovpn-verify/verify/openvpn"
)

// grace is what a job may take beyond its deadline before it is answered
// without being waited for: a system call that does not come back.
const grace = time.Second

// pendingJob is a login whose verdict is ours to write.
type pendingJob struct {
	call    openvpn.Call
	callErr error // the call holds no credentials
	results *openvpn.Results
	crowded bool // it came when Service.MaxPending were there
}

// inheritedJob takes the job from the descriptors that front left.
func inheritedJob() (pendingJob, error) {
	pipe := os.NewFile(front.FDJob, "job")
	frame, err := io.ReadAll(io.LimitReader(pipe, job.MaxFrame+1))
	pipe.Close()
	var j pendingJob
	if err == nil {
		j, err = newJob(frame, inheritedFiles)
	}
	if err != nil {
		return j, fmt.Errorf("worker: no job came along (ovpn-verify itself starts this command when OpenVPN calls): %w", err)
	}
	return j, nil
}

func inheritedFiles(hasReason bool) (control, reasonFile *os.File) {
	control = os.NewFile(front.FDControl, "auth_control_file")
	if hasReason {
		reasonFile = os.NewFile(front.FDReason, "auth_failed_reason_file")
	}
	return control, reasonFile
}

// newJob decodes the frame and asks for the files that came with it.
func newJob(frame []byte, files func(hasReason bool) (control, reasonFile *os.File)) (pendingJob, error) {
	call, err := openvpn.ReadCall(frame)
	if err != nil && !errors.Is(err, openvpn.ErrNoCredentials) {
		return pendingJob{}, err
	}
	control, reasonFile := files(call.HasReason)
	return pendingJob{call: call, callErr: err, results: openvpn.NewResults(control, reasonFile)}, nil
}

func (j pendingJob) unavailable() error {
	return j.results.Refuse(reason.Temporary(reason.Unavailable, j.call.ClientProto))
}

// start runs an admitted job in the background.
func (w *worker) start(j pendingJob) { go w.run(j) }

func (w *worker) run(j pendingJob) {
	defer w.done()
	// Whatever happened above: a job without a verdict gets this one, and after
	// a verdict it changes nothing.
	defer func() { _ = j.unavailable() }()
	if j.crowded {
		w.Log.Warn("login answered as unavailable: too many are pending", "max_pending", w.MaxPending)
		return
	}
	if j.callErr != nil {
		w.Log.Error("login refused", "cause", j.callErr)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), w.Deadline)
	defer cancel()
	decided := make(chan struct{})
	go func() {
		defer close(decided)
		defer w.reportPanic()
		w.Decide(ctx, j.call, j.results)
	}()
	select {
	case <-decided:
	case <-time.After(w.Deadline + grace):
		w.Log.Error("login answered as unavailable: deciding did not end at its deadline")
	}
}

// reportPanic logs where it happened. The value of a panic and the arguments
// in a stack trace may hold what the user typed; names of functions do not.
func (w *worker) reportPanic() {
	value := recover()
	if value == nil {
		return
	}
	var pcs [32]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs[:])])
	var where []string
	for {
		frame, more := frames.Next()
		where = append(where, fmt.Sprintf("%s:%d", frame.Function, frame.Line))
		if !more {
			break
		}
	}
	w.Log.Error("login answered as unavailable: internal error",
		"panic", fmt.Sprintf("%T", value), "at", strings.Join(where, " < "))
}
