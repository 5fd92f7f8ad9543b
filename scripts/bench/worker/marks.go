package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"ovpn-verify/scripts/bench/tracefs"
)

// workersName is what the kernel calls a worker: front executes /proc/self/exe.
const workersName = "exe"

// marks are the events by which a login's way is known.
var marks = []string{
	"sched/sched_process_exec",
	"syscalls/sys_enter_umask", "syscalls/sys_enter_close", "syscalls/sys_exit_landlock_restrict_self",
	"syscalls/sys_enter_socket", "syscalls/sys_exit_socket",
	"syscalls/sys_enter_write", "syscalls/sys_enter_pwrite64",
	"syscalls/sys_enter_read", "syscalls/sys_exit_read",
	"syscalls/sys_enter_fdatasync", "syscalls/sys_exit_fdatasync",
}

// login is when what happened. What did not is zero: with a worker that was there
// nothing of its start.
type login struct {
	front    time.Duration // front is executed
	worker   time.Duration // the worker is
	runs     time.Duration // worker.Run begins, with the first thing that it does
	taken    time.Duration // the job is the worker's: read, or acknowledged
	confined time.Duration // the configuration is read, and the process may open nothing else
	asks     time.Duration // the request leaves
	answered time.Duration // the answer is read
	verdict  time.Duration // the verdict is written

	syncs []interval
}

type interval struct{ from, to time.Duration }

// read takes the logins apart, each from one execution of front to the next. One
// whose way is not understood is left out: on a busy machine front may have started
// a second worker. cold: each of them started one.
func read(events []tracefs.Event, binary string, workers map[int]bool, cold bool) (logins []login, err error) {
	var all []*reader
	for _, e := range events {
		if e.Name == "sched_process_exec" && strings.HasPrefix(e.Text, "filename="+binary+" ") {
			all = append(all, &reader{login: login{front: e.At}, began: map[int]tracefs.Event{}})
		} else if len(all) > 0 && workers[e.Process] && e.Program == workersName {
			all[len(all)-1].note(e)
		}
	}
	for _, r := range all {
		if faulty := r.login.check(cold); faulty != nil {
			err = faulty
		} else {
			logins = append(logins, r.login)
		}
	}
	if len(logins) < len(all)/2 {
		return nil, fmt.Errorf("%d of %d logins: %w", len(all)-len(logins), len(all), err)
	}
	return logins, nil
}

// check: the marks are there, and in their order.
func (l login) check(cold bool) error {
	order := []time.Duration{l.front, l.taken, l.asks, l.answered, l.verdict}
	if cold {
		order = []time.Duration{l.front, l.worker, l.runs, l.taken, l.confined, l.asks, l.answered, l.verdict}
	}
	if slices.Contains(order, 0) || !slices.IsSorted(order) || !cold && l.worker != 0 {
		return fmt.Errorf("a login whose way is not understood: %v", order)
	}
	return nil
}

// reader knows what each thread is at, and the socket of the request.
type reader struct {
	login  login
	began  map[int]tracefs.Event
	socket string // its descriptor, as the kernel's text has it
}

func (r *reader) note(e tracefs.Event) {
	l := &r.login
	if e.Enter {
		r.began[e.Thread] = e
	}
	call := r.began[e.Thread]
	switch name := e.Name; {
	case name == "sched_process_exec":
		l.worker = e.At
	case name == "sys_umask" && e.Enter:
		l.runs = e.At
	case name == "sys_close" && e.Enter && argument(e, "fd") == "3" && l.worker != 0 && l.taken == 0: // front.FDJob
		l.taken = e.At
	case name == "sys_landlock_restrict_self":
		l.confined = e.At
	case name == "sys_socket" && !e.Enter && udp(call):
		r.socket = strings.TrimPrefix(e.Text, "0x")
	case name == "sys_write" && e.Enter && r.socket != "" && argument(e, "fd") == r.socket && l.asks == 0:
		l.asks = e.At
	case name == "sys_write" && e.Enter && l.taken == 0 && argument(e, "count") == "1": // front.Acknowledged
		l.taken = e.At
	case name == "sys_read" && !e.Enter && l.asks != 0 && l.verdict == 0 && argument(call, "fd") == r.socket && !strings.HasPrefix(e.Text, "0xffff"):
		l.answered = e.At
	case name == "sys_pwrite64" && e.Enter && l.answered != 0 && l.verdict == 0 && argument(e, "count") == "1":
		l.verdict = e.At
	case name == "sys_fdatasync" && !e.Enter:
		l.syncs = append(l.syncs, interval{call.At, e.At})
	}
}

// argument is in "fd: 0x7, buf: 0xc000123456, count: 0x1".
func argument(e tracefs.Event, name string) string {
	for a := range strings.SplitSeq(e.Text, ", ") {
		if value, ok := strings.CutPrefix(a, name+": "); ok {
			return strings.TrimPrefix(value, "0x")
		}
	}
	return ""
}

// udp is SOCK_DGRAM of the Internet (socket(2)), with the flags that Go's runtime adds.
func udp(call tracefs.Event) bool {
	kind := argument(call, "type")
	return argument(call, "family") == "2" && strings.HasSuffix(kind, "2")
}
