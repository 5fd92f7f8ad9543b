package main

import (
	"errors"
	"fmt"
	"runtime"
	"time"

	"ovpn-verify/scripts/bench/figures"
	"ovpn-verify/scripts/testbed"
)

// rate is what came of one figure's logins.
type rate struct {
	atOnce int
	passed []testbed.Passed
	took   time.Duration // from the first start to the last verdict
	spent  spent
	syncs  int           // of files to their disk, by the worker
	synced time.Duration // that they took; there is one at a time
}

func (g group) rate(dir string, u *users, atOnce int, o options) (r rate, err error) {
	before, err := u.storm(warmUp, atOnce)
	if err == nil {
		_, err = before.Accepted()
	}
	if err != nil {
		return r, err
	}
	if r, err = g.watched(dir, u, o.Logins, atOnce); err == nil {
		r.atOnce, r.took = atOnce, lasted(r.passed)
	}
	return r, err
}

// watched looks at who spends what from the first start to the last verdict, and at
// nothing before and after.
func (g group) watched(dir string, u *users, logins, atOnce int) (r rate, err error) {
	worker, err := theWorker(dir)
	if err != nil {
		return r, err
	}
	storm, err := u.storm(logins, atOnce)
	if err != nil {
		return r, err
	}
	var watchErr error
	storm.Around = func() func() {
		w, err := g.watch(worker)
		if err != nil {
			watchErr = err
			return func() {}
		}
		return func() { watchErr = w.end(&r) }
	}
	r.passed, err = storm.Accepted()
	still, workerErr := theWorker(dir)
	if workerErr == nil && still != worker {
		workerErr = fmt.Errorf("process %d is the worker, no longer %d", still, worker)
	}
	return r, errors.Join(err, watchErr, workerErr)
}

func theWorker(dir string) (pid int, err error) {
	workers := testbed.Workers(dir)
	if len(workers) != 1 {
		return 0, fmt.Errorf("%d workers, not one", len(workers))
	}
	return workers[0].PID, nil
}

func lasted(passed []testbed.Passed) time.Duration {
	first, last := passed[0].Began, time.Time{}
	for _, p := range passed {
		if p.Began.Before(first) {
			first = p.Began
		}
		if end := p.Began.Add(p.Took); end.After(last) {
			last = end
		}
	}
	return last.Sub(first)
}

func (r rate) perSecond() float64 { return float64(len(r.passed)) / r.took.Seconds() }

// busy is the part of the processors' time that the logins had.
func (r rate) busy() float64 { return r.part(r.spent.logins()) }

func (r rate) others() float64 { return r.part(r.spent.others()) }

func (r rate) part(of time.Duration) float64 {
	return of.Seconds() / (r.took.Seconds() * float64(runtime.NumCPU()))
}

// waiting is the part of the time in which a file was on its way to the disk.
func (r rate) waiting() float64 { return r.synced.Seconds() / r.took.Seconds() }

// each is a time for one login, in milliseconds.
func (r rate) each(d time.Duration) float64 { return figures.Ms(d) / float64(len(r.passed)) }
