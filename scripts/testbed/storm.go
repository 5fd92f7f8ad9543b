package testbed

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"syscall"
	"time"
)

// Storm is many logins that wait at once. Their programs are started one after the
// other, as one daemon does, which waits for each to end and for no verdict; or
// AtOnce at a time, as several daemons do.
type Storm struct {
	Calls  []Call // all in Dir
	Dir    string
	AtOnce int           // 0: one
	Pause  time.Duration // after each program
	// UntilVerdict: each of the AtOnce starts the next login when its last one has its
	// verdict, so that as many are under way, and no more.
	UntilVerdict bool
	// Around is called when nothing is left to do but to start the programs, and what it
	// returns after the last verdict. nil: nothing is.
	Around func() (end func())
	Window time.Duration // how long verdicts are waited for, from the last start; 0: 60 s

	// Starter is a program that starts the others in place of this process, as small as a
	// daemon is: scripts/bench/storm/programs/daemon.c. UntilVerdict and Wrap are not
	// for it. Work is what it takes of a processor itself before each program, as a daemon
	// does for the handshake of TLS.
	Starter string
	Work    time.Duration

	Wrap   []string // what runs the program, such as prlimit
	Owner  int      // the number of the user and the group that the daemon's files are given to; 0: root
	Daemon []string // what runs a process that starts the programs in place of this one, with its limits; AtOnce, Pause and Wrap are not for it
}

// Passed is one login of a storm.
type Passed struct {
	Began   time.Time
	Blocked time.Duration // how long the daemon stood still
	Status  int           // exit status; -1 when a signal ended the program
	Verdict byte          // 0: none came
	Took    time.Duration // from the start to the verdict, 0 without one
	Reason  string
}

// Run starts all of them and waits for their verdicts. Its error is about what it
// could not do; a login without a verdict is none.
func (s Storm) Run() (passed []Passed, err error) {
	verdicts, err := watchFiles(s.Dir)
	if err != nil {
		return nil, err
	}
	prepared, err := s.prepare()
	defer func() {
		for _, p := range prepared {
			err = errors.Join(err, p.Remove())
		}
		err = errors.Join(err, verdicts.close())
	}()
	if err != nil {
		return nil, err
	}
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // it would stop what measures
	if s.Around != nil {
		defer s.Around()()
	}
	switch {
	case s.Daemon != nil:
		passed, err = s.startByDaemon(prepared)
	case s.Starter != "":
		passed, err = s.startByStarters(prepared)
	default:
		passed, err = s.start(verdicts, prepared)
	}
	if err == nil {
		s.wait(verdicts, prepared, passed)
	}
	return passed, err
}

// Accepted is Run for those who must all be let in; its error is about the first who is not.
func (s Storm) Accepted() ([]Passed, error) {
	passed, err := s.Run()
	if err != nil {
		return nil, err
	}
	for i, p := range passed {
		if p.Verdict != '1' || p.Took == 0 {
			return nil, fmt.Errorf("testbed: %s is not let in: status %d, verdict %q, reason %q", s.Calls[i].Username, p.Status, p.Verdict, p.Reason)
		}
	}
	return passed, nil
}

func (s Storm) prepare() (prepared []*Prepared, err error) {
	for _, c := range s.Calls {
		c.Dir = s.Dir
		p, err := c.Prepare()
		if err != nil {
			return prepared, err
		}
		prepared = append(prepared, p)
		if s.Owner != 0 {
			if err := p.give(s.Owner, s.Owner); err != nil {
				return prepared, err
			}
		}
	}
	return prepared, nil
}

func (s Storm) start(verdicts *fileWatch, prepared []*Prepared) ([]Passed, error) {
	passed, errs := make([]Passed, len(prepared)), make([]error, len(prepared))
	next := make(chan int)
	var daemons sync.WaitGroup
	for range max(1, s.AtOnce) {
		daemons.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			for i := range next {
				passed[i], errs[i] = s.call(s.Calls[i].Binary, prepared[i])
				if s.UntilVerdict && passed[i].Status == 2 {
					verdicts.closed(prepared[i].Control, s.deadline())
				}
				time.Sleep(s.Pause)
			}
		})
	}
	for i := range prepared {
		next <- i
	}
	close(next)
	daemons.Wait()
	return passed, cmp.Or(errs...) // one is enough to read
}

// call starts the program and waits for its end.
func (s Storm) call(binary string, p *Prepared) (Passed, error) {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return Passed{}, err
	}
	defer null.Close()
	argv := slices.Concat(s.Wrap, []string{binary}, p.Args)
	attr := &syscall.ProcAttr{
		Dir: "/", Env: p.Env, Files: []uintptr{null.Fd(), null.Fd(), null.Fd()},
	}
	var status syscall.WaitStatus
	r := Passed{Began: time.Now(), Status: -1}
	pid, err := syscall.ForkExec(argv[0], argv, attr)
	for err == nil {
		if _, err = syscall.Wait4(pid, &status, 0, nil); !errors.Is(err, syscall.EINTR) {
			break
		}
		err = nil
	}
	r.Blocked = time.Since(r.Began)
	if err != nil {
		return r, fmt.Errorf("testbed: %s: %w", argv[0], err)
	}
	r.Status = status.ExitStatus()
	return r, nil
}

// wait waits for the verdicts of those that are deferred.
func (s Storm) wait(verdicts *fileWatch, prepared []*Prepared, passed []Passed) {
	deadline := s.deadline()
	for i, p := range prepared {
		r := &passed[i]
		if r.Status == 2 {
			if at, ok := verdicts.closed(p.Control, deadline); ok {
				r.Took = at.Sub(r.Began)
			}
			r.Verdict = p.Verdict()
		}
		r.Reason = readText(p.files.reason)
	}
}

// deadline is that of the verdicts that are waited for from now on.
func (s Storm) deadline() time.Time {
	if s.Window == 0 {
		return time.Now().Add(defaultWindow)
	}
	return time.Now().Add(s.Window)
}
