package testbed

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// Seen is what the workers of a configuration were while they were watched.
type Seen struct {
	PIDs     []int // every one that there was
	Resident int   // KiB of memory, the most of any (VmHWM)
	Threads  int   // the most of any
}

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
				}
				result <- s
				return
			case <-time.After(100 * time.Millisecond):
			}
		}
	}()
	return func() Seen {
		stop <- struct{}{} // after the look that is under way
		return <-result
	}
}

var statusLine = regexp.MustCompile(`(?m)^(VmHWM|Threads):\s+(\d+)`)

func (s *Seen) look(pid int) {
	for _, m := range statusLine.FindAllStringSubmatch(readText(fmt.Sprintf("/proc/%d/status", pid)), -1) {
		n, _ := strconv.Atoi(m[2])
		if m[1] == "VmHWM" {
			s.Resident = max(s.Resident, n)
		} else {
			s.Threads = max(s.Threads, n)
		}
	}
}
