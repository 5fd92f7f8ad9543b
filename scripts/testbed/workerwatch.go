package testbed

import (
	"fmt"
	"regexp"
	"slices"
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

// betweenLooks is short against what a login on a slow backend takes. To find workers,
// which is to read the command line of every process, is for each eighth look: the
// processors are left to what is measured.
const (
	betweenLooks   = 250 * time.Millisecond
	looksPerSearch = 8
)

// WatchWorkers looks at the workers whose configuration is in dir until it is
// asked, and once more then. A login on a slow backend keeps a worker there for
// longer than there is between two searches, and it waits for more logins then.
func WatchWorkers(dir string) (seen func() Seen) {
	stop, result := make(chan struct{}), make(chan Seen)
	go func() {
		var s Seen
		for looks := 0; ; looks++ {
			if looks%looksPerSearch == 0 {
				s.search(dir)
			}
			s.look()
			select {
			case <-stop:
				s.search(dir)
				s.look()
				for _, pid := range s.PIDs {
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

func (s *Seen) search(dir string) {
	for _, w := range Workers(dir) {
		if !slices.Contains(s.PIDs, w.PID) {
			s.PIDs = append(s.PIDs, w.PID)
		}
	}
}

var statusLine = regexp.MustCompile(`(?m)^(VmHWM|RssAnon|Threads):\s+(\d+)`)

func (s *Seen) look() {
	for _, pid := range s.PIDs {
		for _, m := range statusLine.FindAllStringSubmatch(readText(fmt.Sprintf("/proc/%d/status", pid)), -1) {
			n, _ := strconv.Atoi(m[2])
			most := map[string]*int{"VmHWM": &s.Resident, "RssAnon": &s.Own, "Threads": &s.Threads}[m[1]]
			*most = max(*most, n)
		}
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
