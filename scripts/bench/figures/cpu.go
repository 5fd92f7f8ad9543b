package figures

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// ProcessTime is the processors' time that all threads of the process had so far,
// 0 for pid 0.
func ProcessTime(pid int) (time.Duration, error) {
	if pid == 0 {
		return 0, nil
	}
	// As clock_getcpuclockid(3) makes it: include/linux/posix-timers_types.h, CPUCLOCK_SCHED.
	const scheduled = 2
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|scheduled), &t); err != nil {
		return 0, fmt.Errorf("the time of process %d: %w", pid, err)
	}
	return time.Duration(t.Nano()), nil
}

// OwnTime is that of this process.
func OwnTime() (time.Duration, error) { return usage(syscall.RUSAGE_SELF) }

// AdoptOrphans makes this process the parent of processes whose own has ended, such
// as front's copy that goes on: their time counts in ChildrenTime (PR_SET_CHILD_SUBREAPER).
func AdoptOrphans() error {
	return unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
}

// ChildrenTime is that of all children that have ended, which it reaps: nobody else
// may be waiting for one that is about to.
func ChildrenTime() (time.Duration, error) {
	for {
		if pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); pid <= 0 && !errors.Is(err, syscall.EINTR) {
			return usage(syscall.RUSAGE_CHILDREN)
		}
	}
}

func usage(who int) (time.Duration, error) {
	var u syscall.Rusage
	err := syscall.Getrusage(who, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), err
}

// BusyTime is that of all processors together, whoever had it (proc_stat(5)), to
// ten milliseconds.
func BusyTime() (time.Duration, error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, err
	}
	var user, nice, system, idle, iowait, irq, softirq int64
	line, _, _ := strings.Cut(string(text), "\n")
	if _, err := fmt.Sscanf(line, "cpu %d %d %d %d %d %d %d", &user, &nice, &system, &idle, &iowait, &irq, &softirq); err != nil {
		return 0, fmt.Errorf("/proc/stat: %w", err)
	}
	const tick = time.Second / 100 // USER_HZ
	return time.Duration(user+nice+system+irq+softirq) * tick, nil
}
