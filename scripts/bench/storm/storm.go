package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"ovpn-verify/scripts/bench/stand"
	"ovpn-verify/scripts/testbed"
)

// storm is a configuration with a backend behind it.
type storm struct {
	name    string
	dir     string
	binary  string
	logins  int
	daemons []daemons

	directory, proxy func() time.Duration // what they have had of the processors; nil: there is none
}

// daemons are who the logins come through: so many, each of which runs one front and
// waits for it, and takes so much of a processor itself before that.
type daemons struct {
	number int
	work   time.Duration
}

// row is what became of one storm.
type row struct {
	name    string
	daemons daemons
	idle    []testbed.Passed
	passed  []testbed.Passed
	seen    testbed.Seen
	used    usage
	pending int // the most that waited at one moment
}

// quiet calls go before each storm; they are refused for their name, so that only
// front is measured, and the worker there.
const quiet = 300

// calls are those of different users at different addresses.
func (s *storm) calls() []testbed.Call {
	calls := make([]testbed.Call, s.logins)
	for i := range calls {
		calls[i] = stand.Call(s.binary, s.dir, i)
	}
	return calls
}

func (s *storm) run(starter string, d daemons) (row, error) {
	r := row{name: s.name, daemons: d}
	dir := filepath.Join(s.dir, fmt.Sprintf("calls-%d-%v", d.number, d.work))
	if err := os.Mkdir(dir, 0o755); err != nil {
		return r, err
	}
	before := testbed.Storm{Dir: dir, Starter: starter, Pause: 2 * time.Millisecond}
	for range quiet {
		call := stand.Call(s.binary, s.dir, 0)
		call.Username = strings.Repeat("a", 300)
		before.Calls = append(before.Calls, call)
	}
	var err error
	if r.idle, err = before.Run(); err != nil {
		return r, err
	}
	r.idle = r.idle[1:] // which started the worker
	seen := testbed.WatchWorkers(s.dir)
	storm := testbed.Storm{Dir: dir, AtOnce: d.number, Starter: starter, Work: d.work, Calls: s.calls()}
	storm.Around = func() func() {
		used := s.used()
		return func() { r.used = s.used().since(used) }
	}
	r.passed, err = storm.Run()
	r.seen = seen()
	r.pending = mostPending(r.passed)
	for _, pid := range r.seen.PIDs {
		if e := syscall.Kill(pid, syscall.SIGKILL); !errors.Is(e, syscall.ESRCH) {
			err = errors.Join(err, e)
		}
	}
	return r, err
}
