package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"ovpn-verify/scripts/testbed"
)

// sample is one call.
type sample struct {
	blocked time.Duration // fork, exec and wait
	verdict time.Duration // from the fork to the verdict's byte, 0 without one
	faults  int64         // pages that the kernel had to provide
}

const verdictTimeout = 10 * time.Second

// callInTurn calls each program once, then each once more, and so on, in another
// order each time, so that whatever else the machine does meets all of them.
func callInTurn(programs []program, runs int, dir string) ([][]sample, error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	for _, p := range programs { // the page cache is filled, the lingering worker there
		if _, err := call(p, dir); err != nil {
			return nil, err
		}
	}
	// What a program leaves behind becomes a child of ours, so that it can be
	// waited for. The lingering worker is not: it has been left to init.
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return nil, err
	}
	runtime.LockOSThread()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	all := make([][]sample, len(programs))
	for range runs {
		for _, i := range rand.Perm(len(programs)) { // the processors' caches are as the one before left them
			p := programs[i]
			s, err := call(p, dir)
			if err == nil {
				err = waitForChildren(p)
			}
			if err != nil {
				return nil, err
			}
			all[i] = append(all[i], s)
		}
	}
	return all, nil
}

// call makes the files of a login, starts the program and waits for its end, as
// OpenVPN does, and then for the verdict of those that give one.
func call(p program, dir string) (sample, error) {
	user := p.user
	if user == "" {
		user = "ada"
	}
	prepared, err := testbed.Call{Config: p.config, Username: user, Password: "lovelace-1815", Dir: dir}.Prepare()
	if err != nil {
		return sample{}, err
	}
	s, err := start(p, prepared, dir)
	return s, errors.Join(err, prepared.Remove())
}

func start(p program, prepared *testbed.Prepared, dir string) (sample, error) {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return sample{}, err
	}
	defer null.Close()
	args := append([]string{p.path}, prepared.Args...)
	attr := &syscall.ProcAttr{Dir: dir, Env: prepared.Env, Files: []uintptr{null.Fd(), null.Fd(), null.Fd()}}
	var status syscall.WaitStatus
	var usage syscall.Rusage
	began := time.Now()
	pid, err := syscall.ForkExec(p.path, args, attr)
	if err == nil {
		_, err = syscall.Wait4(pid, &status, 0, &usage)
	}
	s := sample{blocked: time.Since(began), faults: usage.Minflt}
	if err != nil {
		return s, fmt.Errorf("%s: %w", p.name, err)
	}
	if !status.Exited() || status.ExitStatus() != p.status {
		return s, fmt.Errorf("%s ended with status %#x, want exit status %d", p.name, int(status), p.status)
	}
	if p.status != 2 {
		return s, nil
	}
	for prepared.Verdict() == 0 {
		if time.Since(began) > verdictTimeout {
			return s, fmt.Errorf("%s: no verdict within %v", p.name, verdictTimeout)
		}
		time.Sleep(100 * time.Microsecond)
	}
	s.verdict = time.Since(began)
	return s, nil
}

// waitForChildren waits until nothing that p started runs any more. Of front that
// is its copy, and the worker unless that lingers.
func waitForChildren(p program) error {
	for children := 0; ; children++ {
		_, err := syscall.Wait4(-1, nil, 0, nil)
		switch {
		case errors.Is(err, syscall.ECHILD):
			return nil
		case errors.Is(err, syscall.EINTR):
		case err != nil:
			return err
		case p.lingering && children > 0:
			return fmt.Errorf("%s: it started a worker; the lingering one was gone", p.name)
		}
	}
}
