package main

import (
	"syscall"
	"time"

	"ovpn-verify/scripts/bench/figures"
	"ovpn-verify/scripts/bench/tracefs"
	"ovpn-verify/scripts/testbed"
)

// spent is the processors' time.
type spent struct {
	worker, server time.Duration
	fronts         time.Duration // with their copies that go on
	own            time.Duration // of this program, which is the daemon here
	all            time.Duration // of everybody, the kernel's threads, too
}

func (s spent) logins() time.Duration { return s.worker + s.server + s.fronts + s.own }

// others had the rest: the kernel's threads, and whatever else runs.
func (s spent) others() time.Duration { return max(0, s.all-s.logins()) }

// watch sees what is spent from now on, and what the worker waits for.
type watch struct {
	worker int // its process
	server func() time.Duration
	before spent
	syncs  *tracefs.Recorder
}

func (g group) watch(worker int) (w watch, err error) {
	w = watch{worker: worker, server: g.backend.used}
	name, err := tracefs.Name(worker)
	if err != nil {
		return w, err
	}
	syscall.Sync() // what others have not written yet would be waited for
	if w.syncs, err = tracefs.Start([]string{name}, syncEvents...); err != nil {
		return w, err
	}
	w.before = w.look()
	return w, nil
}

func (w watch) end(r *rate) error {
	now, b := w.look(), w.before
	r.spent = spent{now.worker - b.worker, now.server - b.server, now.fronts - b.fronts, now.own - b.own, now.all - b.all}
	events, err := w.syncs.Stop()
	r.syncs, r.synced = waits(events, w.worker)
	return err
}

func (w watch) look() spent {
	figures.Reap()
	return spent{testbed.Used(w.worker), w.server(), figures.ChildrenTime(), figures.OwnTime(), figures.BusyTime()}
}

// syncEvents are those of fsync(2) and fdatasync(2).
var syncEvents = []string{
	"syscalls/sys_enter_fsync", "syscalls/sys_exit_fsync",
	"syscalls/sys_enter_fdatasync", "syscalls/sys_exit_fdatasync",
}

func waits(events []tracefs.Event, process int) (n int, took time.Duration) {
	began := map[int]time.Duration{} // by thread
	for _, e := range events {
		if e.Process != process {
			continue
		}
		if e.Enter {
			began[e.Thread] = e.At
		} else if at, ok := began[e.Thread]; ok {
			n, took = n+1, took+e.At-at
			delete(began, e.Thread)
		}
	}
	return n, took
}
