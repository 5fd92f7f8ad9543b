package main

import (
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// usage is what of the processors' time went where.
type usage struct {
	directory time.Duration
	bench     time.Duration // this process, which is the delaying proxy as well
	fronts    time.Duration // up to their exit
	all       time.Duration // everything on this machine
}

func (s *storm) used() usage {
	u := usage{bench: resources(syscall.RUSAGE_SELF), fronts: resources(syscall.RUSAGE_CHILDREN), all: machine()}
	if s.directory != nil {
		u.directory = s.directory()
	}
	return u
}

func (u usage) since(before usage) usage {
	return usage{u.directory - before.directory, u.bench - before.bench, u.fronts - before.fronts, u.all - before.all}
}

func resources(who int) time.Duration {
	var r syscall.Rusage
	if syscall.Getrusage(who, &r) != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// machine reads the first line of proc_stat(5), hundredths of a second of all
// processors: user, nice, system, idle, iowait, irq, softirq.
func machine() time.Duration {
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
