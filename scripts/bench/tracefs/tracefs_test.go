package tracefs

import (
	"testing"
	"time"
)

func TestKernelsTextIsRead(t *testing.T) {
	events, lost := parse(`# tracer: nop
#
# entries-in-buffer/entries-written: 3/3   #P:2
#
#           TASK-PID       TGID    CPU#  |||||  TIMESTAMP  FUNCTION
#              | |           |       |   |||||     |         |
     ovpn-verify-20997   (  20997) [000] .....  1014.197884: sched_process_exec: filename=/usr/bin/ovpn-verify pid=20997 old_pid=20997
     ovpn-verify-20998   (  20997) [001] .....  1014.198700: sys_close(fd: 3)
     ovpn-verify-20998   (  20997) [001] .....  1014.198756: sys_close -> 0x0
`)
	want := []Event{
		{At: 1014197884 * time.Microsecond, Program: "ovpn-verify", Process: 20997, Thread: 20997, Name: "sched_process_exec", Text: "filename=/usr/bin/ovpn-verify pid=20997 old_pid=20997"},
		{At: 1014198700 * time.Microsecond, Program: "ovpn-verify", Process: 20997, Thread: 20998, Name: "sys_close", Text: "fd: 3", Enter: true},
		{At: 1014198756 * time.Microsecond, Program: "ovpn-verify", Process: 20997, Thread: 20998, Name: "sys_close", Text: "0x0"},
	}
	if lost || len(events) != len(want) {
		t.Fatalf("%+v, lost %v", events, lost)
	}
	for i := range want {
		if events[i] != want[i] {
			t.Errorf("%+v, want %+v", events[i], want[i])
		}
	}
}

func TestLostEventsAreNoticed(t *testing.T) {
	if _, lost := parse("# entries-in-buffer/entries-written: 3/4   #P:2\n"); !lost {
		t.Error("an event that was lost is not noticed")
	}
}
