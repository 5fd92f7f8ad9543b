package testbed

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Tasks is a control group whose processes and threads are limited, as TasksMax= of
// a systemd unit limits them (systemd.resource-control(5)).
type Tasks struct {
	dir   string
	mount string // a command that mounts the hierarchy where it is here
}

// LimitTasks makes a group of its own below this process's, in the hierarchy of
// the pids controller that the machine has, version 1 or 2. The caller closes it.
func LimitTasks(most int) (*Tasks, error) {
	parent, mount, err := pidsHierarchy()
	if err != nil {
		return nil, fmt.Errorf("testbed: %w", err)
	}
	dir, err := os.MkdirTemp(parent, "ovpn-verify-")
	if err != nil {
		return nil, fmt.Errorf("testbed: %w", err)
	}
	err = os.WriteFile(filepath.Join(dir, "pids.max"), []byte(strconv.Itoa(most)), 0o644)
	if err = errors.Join(err, os.Chmod(dir, 0o755)); err != nil { // as everybody may read there
		return nil, errors.Join(fmt.Errorf("testbed: %w", err), os.Remove(dir))
	}
	return &Tasks{dir, mount}, nil
}

// pidsHierarchy is where groups with a limit can be made. Of version 2, only a group
// that hands the controller on can have any below it.
func pidsHierarchy() (folder, mount string, err error) {
	mounts := readText("/proc/self/mounts")
	if m := regexp.MustCompile(`(?m)^\S+ (\S+) cgroup \S*\bpids\b`).FindStringSubmatch(mounts); m != nil {
		return m[1], "mount -t tmpfs tmpfs /sys/fs/cgroup && mkdir -p " + m[1] + " && mount -t cgroup -o pids cgroup " + m[1], nil
	}
	if m := regexp.MustCompile(`(?m)^\S+ (\S+) cgroup2 `).FindStringSubmatch(mounts); m != nil {
		return m[1], "mount -t cgroup2 cgroup2 " + m[1], os.WriteFile(filepath.Join(m[1], "cgroup.subtree_control"), []byte("+pids"), 0o644)
	}
	return "", "", errors.New("no control groups are mounted")
}

// Wrap is a command that runs what follows it in the group, and lets it see the
// group, which ip-netns(8) hides.
func (g *Tasks) Wrap() []string {
	return []string{"/bin/sh", "-c", `if [ ! -d "$0" ]; then ` + g.mount + `; fi && echo $$ >"$0"/cgroup.procs && exec "$@"`, g.dir}
}

// Now is how many tasks there are.
func (g *Tasks) Now() int {
	n, _ := strconv.Atoi(strings.TrimSpace(readText(filepath.Join(g.dir, "pids.current"))))
	return n
}

// Refused is how often the limit kept a process from starting another, or a thread.
func (g *Tasks) Refused() int {
	_, count, _ := strings.Cut(strings.TrimSpace(readText(filepath.Join(g.dir, "pids.events"))), "max ")
	n, _ := strconv.Atoi(count)
	return n
}

// Close ends what is left in the group, and the group.
func (g *Tasks) Close() error {
	for field := range strings.FieldsSeq(readText(filepath.Join(g.dir, "cgroup.procs"))) {
		if pid, err := strconv.Atoi(field); err == nil {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	var err error
	if timeout := poll(10*time.Second, func() bool { err = syscall.Rmdir(g.dir); return err == nil }); timeout != nil {
		return fmt.Errorf("testbed: %s: %w", g.dir, err)
	}
	return nil
}
