package worker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"ovpn-verify/verify/front"
	"ovpn-verify/verify/front/job"
	"ovpn-verify/verify/openvpn"
)

// grace is what a job may take beyond its deadline before it is answered
// without being waited for: a system call that does not come back. It is above what
// concluding a login on a slow disk may take, which knows better what to say.
const grace = 3 * time.Second

// pendingJob is a call whose answer is ours to write.
type pendingJob struct {
	call    openvpn.Call
	callErr error // the call holds no credentials
	work    work
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

// tellFront says that the job will be answered from here on. Whoever waits for that
// may have gone.
func tellFront() {
	_, _ = syscall.Write(front.FDBegun, []byte{0})
	_ = syscall.Close(front.FDBegun)
}

// inheritedFiles are those that front passed on for the event.
func inheritedFiles(call openvpn.Call) ([]*os.File, error) {
	descriptors := [...]struct {
		fd   uintptr
		name string
	}{{front.FDControl, "file for the verdict"}, {front.FDText, "file for the text"}}
	var files []*os.File
	for _, d := range descriptors[:filesOf(call)] {
		var info syscall.Stat_t
		if err := syscall.Fstat(int(d.fd), &info); err != nil || info.Mode&syscall.S_IFMT != syscall.S_IFREG {
			return nil, fmt.Errorf("the %s is not a regular file", d.name)
		}
		files = append(files, os.NewFile(d.fd, d.name))
	}
	return files, nil
}

// newJob decodes the frame and asks for the files that came with it.
func newJob(frame []byte, files func(openvpn.Call) ([]*os.File, error)) (pendingJob, error) {
	call, callErr := openvpn.ReadCall(frame)
	if callErr != nil && !errors.Is(callErr, openvpn.ErrNoCredentials) {
		return pendingJob{}, callErr
	}
	came, err := files(call)
	if err != nil {
		return pendingJob{}, err
	}
	return pendingJob{call: call, callErr: callErr, work: workOn(call, came)}, nil
}

// start runs an admitted job in the background.
func (w *worker) start(j pendingJob) { go w.run(&j) }

// run is one goroutine for each job: a thousand of them wait in a storm, and their
// stacks are most of what the worker needs then. One that does not come back at
// its deadline is answered by a timer, and left behind.
func (w *worker) run(j *pendingJob) {
	var once sync.Once
	end := func() {
		once.Do(func() {
			// Whatever happened: a job without an answer gets this one, and after an
			// answer it changes nothing.
			_ = j.work.giveUp()
			w.done()
		})
	}
	defer end()
	if j.crowded || j.callErr != nil {
		w.turnAway(j)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), w.Deadline)
	defer cancel()
	late := time.AfterFunc(w.Deadline+grace, func() {
		w.Log.Error(j.work.givenUp() + ": it did not end at its deadline")
		end()
	})
	defer late.Stop()
	defer w.reportPanic(j.work.givenUp())
	j.work.do(ctx, &w.Service)
}

// turnAway answers before it tells: the user waits.
func (w *worker) turnAway(j *pendingJob) {
	_ = j.work.giveUp()
	defer w.reportPanic(j.work.givenUp())
	switch {
	case !j.crowded:
		w.Log.Error("login refused", "cause", j.callErr)
	case j.call.Event == openvpn.UserPassVerify && j.callErr == nil:
		w.TooMany(j.call)
	default:
		w.Log.Warn(j.work.givenUp()+": too many are pending", "max_pending", w.MaxPending)
	}
}

// reportPanic logs where it happened. The value of a panic and the arguments
// in a stack trace may hold what the user typed; names of functions do not.
func (w *worker) reportPanic(outcome string) {
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
	w.Log.Error(outcome+": internal error",
		"panic", fmt.Sprintf("%T", value), "at", strings.Join(where, " < "))
}
