package front

import (
	"syscall"
	"unsafe"
)

// A unit allows its service few processes and threads, which the kernel counts
// alike as tasks: LimitNPROC=10 counts those of the user, TasksMax=20 those of the
// service. OpenVPN ends when it cannot fork (src/openvpn/run_command.c,
// openvpn_execve), and a Go program when it cannot make a thread. So whatever is
// started here leaves room for both.

const (
	// fewTasks is how many at most make a limit for which a worker gets by with
	// one processor.
	fewTasks = 32
	// smallWorker and usualWorker are the tasks of a worker with one processor and
	// with two, in a storm.
	smallWorker = 6
	usualWorker = 16

	unlimited = int(^uint(0) >> 1)
)

// room is what the limits leave.
type room struct {
	user  syscall.Rlimit // RLIMIT_NPROC
	group int            // pids.max of the control group (Documentation/admin-guide/cgroup-v2.rst, "PID")
	left  int            // what the group may start yet
	known bool           // what stands in group and left
	root  bool           // whom user does not bind
}

func lookForRoom() (r room) {
	r.user, r.root = processLimit(), userID() == 0
	r.group, r.left, r.known = groupLimit()
	return r
}

// most is the lower of both limits.
func (r *room) most() int {
	if r.user.Cur < uint64(r.group) {
		return int(r.user.Cur)
	}
	return r.group
}

// few tells whether a worker has to get by with one processor.
func (r *room) few() bool { return r.most() <= fewTasks }

// worker is how many tasks a worker may come to.
func (r *room) worker() int {
	if r.few() {
		return smallWorker
	}
	return usualWorker
}

// reserveForCopy is for a copy of this process beside a whole worker, which it may
// have to start, and OpenVPN's next front. Half of all is kept in any case: on a host
// that is short of processors a worker makes threads in place of those that wait for
// one in the middle of a system call.
func (r *room) reserveForCopy() errno {
	if !r.known {
		return syscall.EAGAIN
	}
	return r.reserve(max(r.worker()+1, r.most()/2))
}

// reserve has the next fork of this process fail when fewer than so many tasks
// could be started after it. What the user has is not known without a look at all
// processes of the host, but the kernel counts when it forks: the limit is lowered
// until restore. It does not bind root.
func (r *room) reserve(tasks int) errno {
	if r.left <= tasks {
		return syscall.EAGAIN
	}
	if r.user.Cur >= uint64(unlimited) {
		return 0
	}
	lowered := syscall.Rlimit{Max: r.user.Max}
	if r.user.Cur > uint64(tasks) {
		lowered.Cur = r.user.Cur - uint64(tasks)
	}
	return limitProcesses(&lowered)
}

// restore is for both sides of a fork.
//
//go:nosplit
//go:norace
func (r *room) restore() {
	if r.user.Cur < uint64(unlimited) {
		_ = limitProcesses(&r.user)
	}
}

// forWorker leaves the last task to OpenVPN, whatever threads the worker makes, unless
// OpenVPN stays root: then the limit is that of the user whom the worker becomes.
//
//go:nosplit
//go:norace
func (r *room) forWorker() {
	if r.user.Cur >= uint64(unlimited) {
		return
	}
	limit := r.user
	if !r.root && limit.Cur > 1 {
		limit.Cur--
	}
	_ = limitProcesses(&limit)
}

// groupLimit is of the own control group alone: a unit's limit is its group's. It is
// not known where the files of control groups are not to be seen, as in a chroot.
func groupLimit() (most, left int, known bool) {
	var lines [pathMax / 4]byte // each page of the stack more is a page fault
	fd, e := open("/proc/self/cgroup", syscall.O_RDONLY|syscall.O_CLOEXEC)
	if e != 0 {
		return fewTasks, unlimited, false
	}
	n, _ := read(fd, lines[:])
	closeFile(fd)
	if n == len(lines) { // cut, perhaps in the middle of the one that counts
		return fewTasks, unlimited, false
	}
	folder, path := groupOf(lines[:n])
	most, e = numberIn(folder, path, "/pids.max")
	if e == syscall.ENOENT {
		if len(path) <= 1 || isThere(folder, path) { // the uppermost group, or one without the controller
			return unlimited, unlimited, true
		}
		path = nil // in a container the path may be that outside
		most, e = numberIn(folder, path, "/pids.max")
	}
	const many = 1 << 10 // no unit of OpenVPN's; the service manager's own limit for everybody is above
	if e == 0 && most >= many {
		return unlimited, unlimited, true
	}
	used, e2 := numberIn(folder, path, "/pids.current")
	if e != 0 || e2 != 0 {
		return fewTasks, unlimited, false
	}
	return most, most - used, true
}

func isThere(folder string, path []byte) bool {
	_, e := numberIn(folder, path, "/cgroup.procs")
	return e != syscall.ENOENT
}

// groupOf finds the group that counts tasks, with the folder where its hierarchy
// is mounted everywhere. A line is number:controllers:path; of version 2 there is
// one without controllers, which counts where no hierarchy of version 1 does
// (cgroups(7), /proc/PID/cgroup).
func groupOf(lines []byte) (folder string, path []byte) {
	folder = "/sys/fs/cgroup"
	for len(lines) > 0 {
		end := indexOf(lines, '\n')
		line := lines[:end]
		lines = lines[min(end+1, len(lines)):]
		line = line[min(indexOf(line, ':')+1, len(line)):]
		colon := indexOf(line, ':')
		controllers, group := line[:colon], line[min(colon+1, len(line)):]
		if len(controllers) == 0 {
			path = group
		}
		for len(controllers) > 0 {
			comma := indexOf(controllers, ',')
			if string(controllers[:comma]) == "pids" {
				return "/sys/fs/cgroup/pids", group
			}
			controllers = controllers[min(comma+1, len(controllers)):]
		}
	}
	return folder, path
}

// indexOf is the length where c is not in b.
func indexOf(b []byte, c byte) int {
	for i := range b {
		if b[i] == c {
			return i
		}
	}
	return len(b)
}

// numberIn reads a file of the group; "max" is unlimited.
func numberIn(folder string, path []byte, file string) (int, errno) {
	var name [pathMax / 2]byte // a path is a part of less than half as many
	var content [20]byte
	length := copy(name[:], folder)
	length += copy(name[length:], path)
	length += copy(name[length:], file)
	fd, e := open(unsafe.String(&name[0], length), syscall.O_RDONLY|syscall.O_CLOEXEC)
	if e != 0 {
		return 0, e
	}
	n, e := read(fd, content[:])
	closeFile(fd)
	if e != 0 {
		return 0, e
	}
	return decimal(content[:n]), 0
}

func decimal(digits []byte) int {
	number := 0
	for i, c := range digits {
		if c < '0' || c > '9' {
			if i == 0 {
				return unlimited
			}
			break
		}
		number = number*10 + int(c-'0')
	}
	return number
}
