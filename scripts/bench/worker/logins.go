package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"ovpn-verify/scripts/bench/stand"
	"ovpn-verify/scripts/bench/tracefs"
	"ovpn-verify/scripts/testbed"
)

// place is where the state is, and what came of the logins there.
type place struct {
	name       string
	cold, warm []login
}

func measure(r *stand.Run) (places []place, err error) {
	server, err := testbed.StartRadiusHere(r.Disk(), testbed.RadiusOptions{Users: stand.Passwords(2 * r.Logins)})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	for _, p := range r.Places {
		s := site{binary: filepath.Join(p.Dir, "ovpn-verify"), dir: filepath.Join(p.Dir, "site"), workers: map[int]bool{}}
		if err := s.prepare(r.Binary, stand.RADIUS(server.Addr)); err != nil {
			return nil, err
		}
		cold, warm, err := s.logins(r.Logins)
		if err != nil {
			return nil, err
		}
		places = append(places, place{p.Name, cold, warm})
	}
	return places, nil
}

// site is a configuration with its worker.
type site struct {
	binary, dir string
	workers     map[int]bool // processes, all that there were
}

// unprivileged is the number of a user that OpenVPN may run as. As root the worker has more to
// give up before it begins.
const unprivileged = 64210

// prepare gives the user a copy of the program, which may lie where nobody else
// may look, and a configuration of its own.
func (s site) prepare(binary string, backend stand.Stand) error {
	program, err := os.ReadFile(binary)
	if err != nil {
		return err
	}
	if err := errors.Join(os.Chmod(filepath.Dir(s.binary), 0o755), os.WriteFile(s.binary, program, 0o755),
		backend.Write(s.dir), os.Mkdir(s.calls(), 0o755)); err != nil {
		return err
	}
	return filepath.WalkDir(s.dir, func(path string, _ fs.DirEntry, err error) error {
		return errors.Join(err, os.Chown(path, unprivileged, unprivileged))
	})
}

// calls is for OpenVPN's temporary files.
func (s site) calls() string { return filepath.Join(s.dir, "calls") }

// logins are those that start a worker, and as many that find one. Each is of
// another user: the second of one user's would go on with the first one's session.
func (s site) logins(n int) (cold, warm []login, err error) {
	defer func() { err = errors.Join(err, s.end()) }()
	if cold, err = s.watched(true, func() error {
		for i := range n {
			if err := s.end(); err != nil {
				return err
			}
			if err := s.login(i, 1); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return nil, nil, err
	}
	warm, err = s.watched(false, func() error { return s.login(n, n) })
	return cold, warm, err
}

func (s site) watched(cold bool, logIn func() error) ([]login, error) {
	recorder, err := tracefs.Start([]string{filepath.Base(s.binary), workersName}, marks...)
	if err != nil {
		return nil, err
	}
	logInErr := logIn()
	events, err := recorder.Stop()
	if err := errors.Join(logInErr, err); err != nil {
		return nil, err
	}
	return read(events, s.binary, s.workers, cold)
}

// login lets users in, one after the other.
func (s site) login(first, n int) error {
	storm := testbed.Storm{Dir: s.calls(), UntilVerdict: true, Pause: 2 * time.Millisecond, Owner: unprivileged,
		Wrap: []string{"/usr/bin/setpriv", "--reuid", strconv.Itoa(unprivileged), "--regid", strconv.Itoa(unprivileged), "--clear-groups"}}
	for i := range n {
		storm.Calls = append(storm.Calls, stand.Call(s.binary, s.dir, first+i))
	}
	_, err := storm.Accepted()
	for _, w := range testbed.Workers(s.dir) {
		s.workers[w.PID] = true
	}
	return err
}

// end ends the worker as a crash would, so that the next login starts one.
func (s site) end() error {
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		workers := testbed.Workers(s.dir)
		if len(workers) == 0 {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("worker %d does not end", workers[0].PID)
		}
		for _, w := range workers {
			if err := w.Kill(); err != nil && !errors.Is(err, syscall.ESRCH) {
				return err
			}
		}
	}
}
