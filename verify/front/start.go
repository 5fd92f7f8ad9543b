//go:build linux && (amd64 || arm64) && !portable

package front

import (
	"syscall"
	"unsafe"
)

// firstFree is behind the descriptors that the worker finds.
const firstFree = FDBegun + 1

// newPipe makes a pipe whose end for writing, the second, does not wait.
func newPipe(ends *[2]int32) errno {
	_, e := call(syscall.SYS_PIPE2, uintptr(unsafe.Pointer(ends)), syscall.O_CLOEXEC, 0, 0)
	if e == 0 {
		_, e = call(syscall.SYS_FCNTL, uintptr(ends[1]), syscall.F_SETFL, syscall.O_NONBLOCK, 0)
	}
	return e
}

// start executes the program in a process of its own, in a session of its own.
// 0 means that it was executed: the child tells by a pipe that it is about to, or
// why it cannot, and executing closes that.
func (w *program) start() errno {
	var k kernelPath
	if e := k.set(w.path); e != 0 {
		return e
	}
	var report [2]int32
	if _, e := call(syscall.SYS_PIPE2, uintptr(unsafe.Pointer(&report)), syscall.O_CLOEXEC, 0, 0); e != 0 {
		return e
	}
	child, _, e := syscall.RawSyscall6(syscall.SYS_CLONE, uintptr(syscall.SIGCHLD), 0, 0, 0, 0, 0)
	if e == 0 && child == 0 {
		w.become(&k, uintptr(report[1]))
	}
	closeFile(int(report[1]))
	if e == 0 {
		e = executed(int(report[0]))
	}
	closeFile(int(report[0]))
	return e
}

// executed reads what the child tells, to the end; the last counts. A child that
// was killed on its way told nothing.
func executed(report int) errno {
	why := syscall.ECHILD
	for {
		var told errno
		n, e := read(report, unsafe.Slice((*byte)(unsafe.Pointer(&told)), unsafe.Sizeof(told)))
		if e != 0 {
			return e
		}
		if n == 0 {
			return why
		}
		why = told
	}
}

// become is the child's part. It makes nothing but system calls: where the runtime
// runs, its other threads are not in the child.
//
//go:nosplit
//go:norace
func (w *program) become(path *kernelPath, report uintptr) {
	_, _, _ = syscall.RawSyscall(syscall.SYS_SETSID, 0, 0, 0)
	report = outOfTheWay(report, report)
	moved := w.fds
	for i, fd := range moved {
		if fd >= 0 {
			moved[i] = int(outOfTheWay(uintptr(fd), report))
		}
	}
	for number, fd := range moved {
		if fd < 0 {
			_, _, _ = syscall.RawSyscall(syscall.SYS_CLOSE, uintptr(number), 0, 0)
			continue
		}
		if _, _, e := syscall.RawSyscall(syscall.SYS_DUP3, uintptr(fd), uintptr(number), 0); e != 0 {
			giveUp(report, e)
		}
	}
	keepFromWorker()
	coarsenTimers()
	w.room.forWorker()
	folder := [2]byte{'/', 0}
	_, _, _ = syscall.RawSyscall(syscall.SYS_CHDIR, uintptr(unsafe.Pointer(&folder)), 0, 0)
	tell(report, 0)
	_, _, e := syscall.RawSyscall(syscall.SYS_EXECVE, uintptr(unsafe.Pointer(path)),
		uintptr(unsafe.Pointer(&w.args)), uintptr(unsafe.Pointer(&w.env)))
	giveUp(report, e)
}

// outOfTheWay is the same file under a number that nothing else is to have. A
// descriptor that OpenVPN left closed stays so.
//
//go:nosplit
//go:norace
func outOfTheWay(fd, report uintptr) uintptr {
	const duplicate = 1030 // F_DUPFD_CLOEXEC
	moved, _, e := syscall.RawSyscall(syscall.SYS_FCNTL, fd, duplicate, firstFree)
	switch e {
	case 0:
		return moved
	case syscall.EBADF:
		return ^uintptr(0)
	}
	giveUp(report, e)
	return 0
}

// keepFromWorker closes what OpenVPN left open at the worker's exec. A kernel
// that does not know close_range (before 5.11) hands it on.
//
//go:nosplit
//go:norace
func keepFromWorker() {
	const (
		sysCloseRange = 436 // the same on every architecture
		closeOnExec   = 4   // CLOSE_RANGE_CLOEXEC
	)
	_, _, _ = syscall.RawSyscall(sysCloseRange, firstFree, uintptr(^uint32(0)), closeOnExec)
}

// coarsenTimers lets what the worker waits for by the clock come up to a millisecond
// late. A thread of Go's runtime (sysmon) looks after the others every 20 microseconds
// while they are busy, which the kernel makes 70: in a storm a good part of what the
// worker took. It comes two milliseconds late now to who stays long in a system call.
// All threads have it from the first one, across execve (prctl(2), PR_SET_TIMERSLACK).
//
//go:nosplit
//go:norace
func coarsenTimers() {
	const setTimerSlack, nanoseconds = 29, 1_000_000
	_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, setTimerSlack, nanoseconds, 0)
}

//go:nosplit
//go:norace
func tell(report uintptr, why errno) {
	_, _, _ = syscall.RawSyscall(syscall.SYS_WRITE, report, uintptr(unsafe.Pointer(&why)), unsafe.Sizeof(why))
}

//go:nosplit
//go:norace
func giveUp(report uintptr, why errno) {
	tell(report, why)
	for {
		_, _, _ = syscall.RawSyscall(syscall.SYS_EXIT_GROUP, exitRefused, 0, 0)
	}
}
