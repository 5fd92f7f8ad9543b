package figures

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// OwnTime is the processors' time that this process had so far.
func OwnTime() time.Duration { return usage(syscall.RUSAGE_SELF) }

// ChildrenTime is that of the programs that it has started and that have ended.
func ChildrenTime() time.Duration { return usage(syscall.RUSAGE_CHILDREN) }

func usage(who int) time.Duration {
	var r syscall.Rusage
	if syscall.Getrusage(who, &r) != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// AdoptOrphans makes this process the parent of those whose own has ended, such as
// front's copy that goes on (PR_SET_CHILD_SUBREAPER), so that ChildrenTime has
// their time once they are reaped.
func AdoptOrphans() error {
	return unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
}

// Reap reaps all children that have ended: nobody else may be waiting for one.
func Reap() {
	for {
		if pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); pid <= 0 && !errors.Is(err, syscall.EINTR) {
			return
		}
	}
}

// BusyTime is that of all processors together, whoever had it: the first line of
// proc_stat(5), hundredths of a second: user, nice, system, idle, iowait, irq, softirq.
func BusyTime() time.Duration {
	text, _ := os.ReadFile("/proc/stat")
	var busy int
	for i, field := range strings.Fields(string(text))[1:8] {
		n, _ := strconv.Atoi(field)
		if i != 3 && i != 4 {
			busy += n
		}
	}
	return time.Duration(busy) * 10 * time.Millisecond
}
