package main

import (
	"testing"
	"time"

	"ovpn-verify/scripts/bench/tracefs"
)

func TestALoginsWayIsRead(t *testing.T) {
	const ms = time.Millisecond
	exe := func(at time.Duration, name, text string, enter bool) tracefs.Event {
		return tracefs.Event{At: at * ms, Program: workersName, Process: 7, Thread: 8, Name: name, Text: text, Enter: enter}
	}
	events := []tracefs.Event{
		{At: 1 * ms, Program: "ovpn-verify", Process: 6, Thread: 6, Name: "sched_process_exec", Text: "filename=/bin/ovpn-verify pid=6 old_pid=6"},
		exe(2, "sched_process_exec", "filename=/proc/self/exe pid=7 old_pid=7", false),
		exe(3, "sys_umask", "mask: 0x12", true),
		exe(4, "sys_close", "fd: 3", true),
		exe(5, "sys_landlock_restrict_self", "0x0", false),
		exe(6, "sys_fdatasync", "fd: 9", true),
		exe(8, "sys_fdatasync", "0x0", false),
		exe(9, "sys_socket", "family: 2, type: 0x80802, protocol: 0", true),
		exe(9, "sys_socket", "0xb", false),
		exe(10, "sys_write", "fd: 0xb, buf: 0xc000001000, count: 0x62", true),
		exe(11, "sys_read", "fd: 0xb, buf: 0xc000001000, count: 0x1000", true),
		exe(11, "sys_read", "0xfffffffffffffff5", false), // EAGAIN
		exe(15, "sys_read", "fd: 0xb, buf: 0xc000001000, count: 0x1000", true),
		exe(16, "sys_read", "0x26", false),
		exe(17, "sys_pwrite64", "fd: 9, buf: 0xc000001000, count: 0x1000, pos: 0", true),
		exe(18, "sys_pwrite64", "fd: 4, buf: 0xc000001000, count: 1, pos: 0", true),
	}
	logins, err := read(events, "/bin/ovpn-verify", map[int]bool{7: true}, true)
	if err != nil || len(logins) != 1 {
		t.Fatalf("%+v, %v", logins, err)
	}
	l := logins[0]
	want := [...]time.Duration{1, 2, 3, 4, 5, 10, 16, 18}
	for i, at := range [...]time.Duration{l.front, l.worker, l.runs, l.taken, l.confined, l.asks, l.answered, l.verdict} {
		if at != want[i]*ms {
			t.Errorf("mark %d at %v, want %v", i, at, want[i]*ms)
		}
	}
	if synced := l.synced(l.confined, l.asks); synced != 2*ms {
		t.Errorf("%v of fsync, want 2ms", synced)
	}
}

func TestAWorkerThatIsThereHasNoStart(t *testing.T) {
	warm := login{front: 1, taken: 2, asks: 3, answered: 4, verdict: 5}
	if err := warm.check(false); err != nil {
		t.Error(err)
	}
	if err := warm.check(true); err == nil {
		t.Error("a start that was not seen is one of no time")
	}
	if err := (login{front: 1, taken: 3, asks: 2, answered: 4, verdict: 5}).check(false); err == nil {
		t.Error("a request before the job")
	}
	if err := (login{front: 1, worker: 2, taken: 3, asks: 4, answered: 5, verdict: 6}).check(false); err == nil {
		t.Error("a worker where one was there")
	}
}
