//go:build e2e

package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"ovpn-verify/scripts/testbed"
)

// weather is what happens to everybody: kills, outages; and what a worker that
// lives through all of it needs.
type weather struct {
	stand *stand

	guard    sync.Mutex
	kills    []time.Time
	outages  []outage
	inFlight map[*flight]bool

	pid     int
	samples []sample
}

type outage struct{ from, to time.Time } // to is zero while it lasts

type sample struct{ kB, files int }

// flight is a login that was handed to a worker which may be killed.
type flight struct {
	handed time.Time
	lost   context.CancelFunc
}

// start begins with kills and outages; over ends them.
func (w *weather) start() (over func()) {
	w.inFlight = map[*flight]bool{}
	ctx, cancel := context.WithCancel(w.stand.t.Context())
	var running sync.WaitGroup
	for _, f := range []func(context.Context){w.kill, w.flap, w.watch} {
		running.Go(func() { f(ctx) })
	}
	return func() { cancel(); running.Wait() }
}

func pause(ctx context.Context, least, most time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(least + rand.N(most-least)):
		return true
	}
}

// kill ends the worker of killed.toml. What was handed over before and has no
// answer a moment later is lost: nobody waits for the window to close.
func (w *weather) kill(ctx context.Context) {
	for pause(ctx, 50*time.Millisecond, 400*time.Millisecond) {
		w.guard.Lock()
		var lost []context.CancelFunc
		for f := range w.inFlight {
			lost = append(lost, f.lost)
		}
		killed := false
		for _, found := range testbed.Workers(w.stand.dir) {
			if strings.Contains(found.Arguments, "/killed.toml\x00") && found.Kill() == nil {
				killed = true
			}
		}
		if killed {
			w.kills = append(w.kills, time.Now())
		}
		w.guard.Unlock()
		time.Sleep(50 * time.Millisecond)
		for _, end := range lost {
			end()
		}
	}
}

// flap takes the directory away, by a crash and by silence in turn.
func (w *weather) flap(ctx context.Context) {
	slapd := w.stand.slapd
	for pause(ctx, 300*time.Millisecond, 1200*time.Millisecond) {
		away, back := slapd.Pause, slapd.Resume
		if len(w.outages)%2 == 0 {
			away, back = slapd.Kill, slapd.Start
		}
		w.guard.Lock()
		w.outages = append(w.outages, outage{from: time.Now()})
		w.guard.Unlock()
		err := away()
		pause(ctx, 200*time.Millisecond, 1000*time.Millisecond)
		if err = errors.Join(err, back()); err != nil {
			w.stand.t.Error(err)
			return
		}
		w.guard.Lock()
		w.outages[len(w.outages)-1].to = time.Now()
		w.guard.Unlock()
	}
}

// fly is true as long as the login has no answer.
func (w *weather) fly(lost context.CancelFunc) (landed func()) {
	f := &flight{time.Now(), lost}
	w.guard.Lock()
	defer w.guard.Unlock()
	w.inFlight[f] = true
	return func() {
		w.guard.Lock()
		defer w.guard.Unlock()
		delete(w.inFlight, f)
	}
}

func (w *weather) killBetween(from, to time.Time) bool {
	w.guard.Lock()
	defer w.guard.Unlock()
	return slices.ContainsFunc(w.kills, func(at time.Time) bool { return !at.Before(from) && !at.After(to) })
}

func (w *weather) outageBetween(from, to time.Time) bool {
	w.guard.Lock()
	defer w.guard.Unlock()
	return slices.ContainsFunc(w.outages, func(o outage) bool { return o.from.Before(to) && (o.to.IsZero() || o.to.After(from)) })
}

// watch measures the worker that is not killed.
func (w *weather) watch(ctx context.Context) {
	rss := regexp.MustCompile(`VmRSS:\s+(\d+) kB`)
	for pause(ctx, 100*time.Millisecond, 101*time.Millisecond) {
		if w.pid == 0 {
			for _, found := range testbed.Workers(w.stand.dir) {
				if strings.Contains(found.Arguments, "/steady.toml\x00") {
					w.pid = found.PID
				}
			}
			continue
		}
		found := rss.FindStringSubmatch(read(fmt.Sprintf("/proc/%d/status", w.pid)))
		files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", w.pid))
		if found == nil || err != nil {
			w.stand.t.Errorf("the worker that nobody killed is gone: %v", err)
			return
		}
		kB, _ := strconv.Atoi(found[1])
		w.samples = append(w.samples, sample{kB, len(files)})
	}
}

// flat compares the first quarter of the run with the last.
func (w *weather) flat() {
	quarter := len(w.samples) / 4
	if quarter < 10 {
		w.stand.t.Errorf("%d samples are too few", len(w.samples))
		return
	}
	first, last := w.samples[:quarter], w.samples[len(w.samples)-quarter:]
	kB := func(s sample) int { return s.kB }
	files := func(s sample) int { return s.files }
	w.stand.t.Logf("the worker that was not killed, medians of the first and the last quarter: %d and %d kB, %d and %d descriptors; most: %d kB, %d descriptors",
		median(first, kB), median(last, kB), median(first, files), median(last, files), most(w.samples, kB), most(w.samples, files))
	if median(last, kB) > median(first, kB)*5/4+2048 || median(last, files) > most(first, files)+8 {
		w.stand.t.Error("it grows")
	}
}

func median(samples []sample, of func(sample) int) int {
	var values []int
	for _, s := range samples {
		values = append(values, of(s))
	}
	slices.Sort(values)
	return values[len(values)/2]
}

func most(samples []sample, of func(sample) int) int {
	highest := 0
	for _, s := range samples {
		highest = max(highest, of(s))
	}
	return highest
}
