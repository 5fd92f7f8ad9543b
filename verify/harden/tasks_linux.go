package harden

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// workerTasks is what a worker comes to where tasks, which is what the kernel calls
// processes and threads alike, are few: see front's room_linux.go.
const workerTasks = 6

// hasRoom tells of a user who may not have as many tasks more. Root's limit
// (LimitNPROC) did not count, but does for whom the process becomes, and Go's runtime
// ends a process that cannot make a thread, with every login in it.
func (a account) hasRoom() error {
	const few = 32 // above it nobody looks at every process of the host
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NPROC, &limit); err != nil || limit.Cur > few {
		return nil
	}
	if used := a.tasks(); used+workerTasks > int(limit.Cur) {
		return fmt.Errorf("the user has %d processes and threads of the %d that LimitNPROC allows, and a worker needs %d", used, limit.Cur, workerTasks)
	}
	return nil
}

// tasks are those of the real user id, as RLIMIT_NPROC counts them (getrlimit(2)).
func (a account) tasks() (count int) {
	paths, _ := filepath.Glob("/proc/[0-9]*/status")
	for _, path := range paths {
		status, _ := os.ReadFile(path) // none of a process that has gone
		fields := map[string][]string{}
		for line := range strings.Lines(string(status)) {
			name, value, _ := strings.Cut(line, ":")
			fields[name] = strings.Fields(value)
		}
		if uid, threads := fields["Uid"], fields["Threads"]; len(uid) > 0 && uid[0] == strconv.Itoa(a.uid) && len(threads) == 1 {
			n, _ := strconv.Atoi(threads[0])
			count += n
		}
	}
	return count
}
