package testbed

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Seen is what the workers of a configuration were while they were watched.
type Seen struct {
	PIDs     []int // every one that there was
	Resident int   // KiB of memory, the most of any (VmHWM)
	Own      int   // KiB of that which are no file's (RssAnon), the most at a look
	Threads  int   // the most of any

	Used time.Duration // of the processors, by all of them
}

// betweenLooks leaves the processors to what is measured: each look reads the command
// line of every process.
const betweenLooks = 250 * time.Millisecond

// WatchWorkers looks at the workers whose configuration is in dir until it is
// asked, and once more then. A login on a slow backend keeps a worker there for
// longer than there is between two looks.
func WatchWorkers(dir string) (seen func() Seen) {
	stop, result := make(chan struct{}), make(chan Seen)
	go func() {
		var s Seen
		known := map[int]bool{}
		for {
			for _, w := range Workers(dir) {
				if !known[w.PID] {
					known[w.PID] = true
					s.PIDs = append(s.PIDs, w.PID)
				}
				s.look(w.PID)
			}
			select {
			case <-stop:
				for _, pid := range s.PIDs {
					s.look(pid)
					s.Used += Used(pid)
				}
				result <- s
				return
			case <-time.After(betweenLooks):
			}
		}
	}()
	return func() Seen {
		stop <- struct{}{} // after the look that is under way
		return <-result
	}
}

var statusLine = regexp.MustCompile(`(?m)^(VmHWM|RssAnon|Threads):\s+(\d+)`)

func (s *Seen) look(pid int) {
	for _, m := range statusLine.FindAllStringSubmatch(readText(fmt.Sprintf("/proc/%d/status", pid)), -1) {
		n, _ := strconv.Atoi(m[2])
		most := map[string]*int{"VmHWM": &s.Resident, "RssAnon": &s.Own, "Threads": &s.Threads}[m[1]]
		*most = max(*most, n)
	}
}

// Used is what a process has had of the processors, to 10 ms (utime and stime of
// proc_pid_stat(5), in hundredths of a second on every architecture that Go knows).
func Used(pid int) time.Duration {
	_, fields, _ := strings.Cut(readText(fmt.Sprintf("/proc/%d/stat", pid)), ") ")
	f := strings.Fields(fields)
	if len(f) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}
