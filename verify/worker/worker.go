// Package worker is the detached process that decides logins, and notes where
// sessions begin and end, while OpenVPN goes on forwarding packets. It takes one job from the front that started it
// and further ones over a socket, runs each under one deadline, lingers for a
// while after the last, and is gone.
//
// It promises: a job that it has acknowledged gets exactly one answer, also
// when working on it panics or does not come back. A job that it cannot finish it
// declines, so that front starts another worker.
package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"ovpn-verify/verify/front"
	"ovpn-verify/verify/openvpn"
)

// Service is what the worker needs to know of the program it works for.
type Service struct {
	// Decide comes to a verdict and writes it before ctx ends.
	Decide func(ctx context.Context, call *openvpn.Call, results *openvpn.Results)
	// Connect answers before ctx ends. A session that it fails to answer begins
	// without directives: its login was accepted already.
	Connect func(ctx context.Context, call openvpn.Call, results *openvpn.ConnectResults)
	// Disconnect has nobody to answer to.
	Disconnect func(ctx context.Context, call openvpn.Call)
	// TooMany is told of a login that is answered as unavailable because MaxPending
	// calls are there.
	TooMany func(call openvpn.Call)

	Config     string        // absolute path; jobs for another one are declined
	Deadline   time.Duration // for one job, from the moment it arrives
	Linger     time.Duration // after the last job; 0: one worker for each login
	MaxPending int           // jobs at once; above it logins are answered as unavailable, other calls not worked on
	Stale      func() bool   // a file that the service was made from has changed
	Log        *slog.Logger
	Flush      func() // waits until what was logged is written
}

// loadTimeout bounds making the service: a configuration on a disk that does not
// answer must not keep the user waiting, nor the socket bound.
const loadTimeout = 10 * time.Second

// Run serves until the worker has been idle for Service.Linger. load makes the
// service; when it fails or takes longer than ten seconds, the job that came
// along is refused, a login as unavailable, and the error returned; the caller
// must end the process then. listening says that front passed on a socket.
func Run(listening bool, load func() (Service, error)) error {
	// Handling a signal would cost a thread, and the stock unit allows ten in
	// all; a worker that is ended leaves the neutral reason to the user.
	signal.Ignore(syscall.SIGPIPE, syscall.SIGHUP)
	syscall.Umask(0o022) // whatever OpenVPN has: nobody else may read what is made for its owner in any case
	tuneCollector()
	startedBy := os.Geteuid() // load may make us another user
	first, err := inheritedJob()
	if err != nil {
		return err
	}
	tellFront()
	service, err := loadInTime(load)
	if err != nil {
		if listening {
			_ = syscall.Close(front.FDListener) // nobody shall wait for us to accept
		}
		return errors.Join(err, first.work.refuse())
	}
	service.MaxPending = min(service.MaxPending, maxJobs())
	w := &worker{Service: service, startedBy: startedBy, leaving: make(chan struct{})}
	first.crowded = w.countIn()
	w.start(first)
	if listening {
		err = w.serve()
	}
	w.stopAdmitting()
	w.running.Wait()
	service.Flush()
	return err
}

func loadInTime(load func() (Service, error)) (Service, error) {
	type result struct {
		service Service
		err     error
	}
	loaded := make(chan result, 1)
	go func() {
		s, err := load()
		loaded <- result{s, err}
	}()
	select {
	case r := <-loaded:
		return r.service, r.err
	case <-time.After(loadTimeout):
		return Service{}, fmt.Errorf("worker: reading the configuration took longer than %v", loadTimeout)
	}
}

type worker struct {
	Service

	startedBy int // the user id of the fronts whose jobs are taken

	running  sync.WaitGroup
	declined declined

	mu      sync.Mutex
	pending int
	idle    *time.Timer
	leaving chan struct{} // closed when no further job is taken
	left    bool
}

// admit counts a job in, unless the worker is leaving, and tells whether there
// are more than it may run.
func (w *worker) admit() (admitted, crowded bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.left {
		return false, false
	}
	if w.Stale != nil && w.Stale() {
		w.leave()
		return false, false
	}
	if w.idle != nil {
		w.idle.Stop()
	}
	return true, w.countIn()
}

// countIn is called with mu held, or before anybody else knows the worker.
func (w *worker) countIn() (crowded bool) {
	w.pending++
	w.running.Add(1)
	return w.pending > w.MaxPending
}

// done counts a job out; after the last one the lingering begins.
func (w *worker) done() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pending--
	if w.pending == 0 {
		w.idle = time.AfterFunc(w.Linger, w.leaveIfIdle)
	}
	w.running.Done()
}

func (w *worker) leaveIfIdle() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.pending == 0 {
		w.leave()
	}
}

// stopAdmitting makes sure that no job is acknowledged after the last look at
// those that run.
func (w *worker) stopAdmitting() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.leave()
}

// staleEvery is how often a worker looks whether it is to leave. A front that comes
// after a change names another worker, so that this one would linger beside it; where
// a unit allows few tasks there is no room for both.
const staleEvery = 500 * time.Millisecond

// watch returns when the worker leaves.
func (w *worker) watch() {
	look := time.NewTicker(staleEvery)
	defer look.Stop()
	for {
		select {
		case <-w.leaving:
			return
		case <-look.C:
			w.leaveIfStale()
		}
	}
}

func (w *worker) leaveIfStale() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.Stale != nil && w.Stale() {
		w.leave()
	}
}

// leave is called with mu held.
func (w *worker) leave() {
	if !w.left {
		w.left = true
		close(w.leaving)
	}
}
