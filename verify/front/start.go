//go:build linux && (amd64 || arm64)

package front

import (
	"syscall"
	"unsafe"
)

// firstFree is behind the descriptors that the worker finds.
const firstFree = FDListener + 1

// newPipe makes a pipe whose end for writing, the second, does not wait.
func newPipe(ends *[2]int32) errno {
	_, e := call(syscall.SYS_PIPE2, uintptr(unsafe.Pointer(ends)), syscall.O_CLOEXEC, 0, 0)
	if e == 0 {
		_, e = call(syscall.SYS_FCNTL, uintptr(ends[1]), syscall.F_SETFL, syscall.O_NONBLOCK, 0)
	}
	return e
}

// start executes the program in a process of its own, in a session of its own.
// 0 means that it was executed: the child tells by a pipe why it was not, and
// executing closes that.
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
	var why [unsafe.Sizeof(e)]byte
	if e == 0 {
		if n, _ := read(int(report[0]), why[:]); n != 0 {
			e = *(*errno)(unsafe.Pointer(&why))
		}
	}
	closeFile(int(report[0]))
	return e
}

// become is the child's part. It makes nothing but system calls: where the runtime
// runs, its other threads are not in the child.
//
//go:nosplit
//go:norace
func (w *program) become(path *kernelPath, report uintptr) {
	_, _, _ = syscall.RawSyscall(syscall.SYS_SETSID, 0, 0, 0)
	report = outOfTheWay(report)
	for i, fd := range w.fds {
		if fd >= 0 {
			w.fds[i] = int(outOfTheWay(uintptr(fd)))
		}
	}
	for number, fd := range w.fds {
		if fd < 0 {
			_, _, _ = syscall.RawSyscall(syscall.SYS_CLOSE, uintptr(number), 0, 0)
			continue
		}
		if _, _, e := syscall.RawSyscall(syscall.SYS_DUP3, uintptr(fd), uintptr(number), 0); e != 0 {
			giveUp(report, e)
		}
	}
	keepFromWorker()
	folder := [2]byte{'/', 0}
	_, _, _ = syscall.RawSyscall(syscall.SYS_CHDIR, uintptr(unsafe.Pointer(&folder)), 0, 0)
	_, _, e := syscall.RawSyscall(syscall.SYS_EXECVE, uintptr(unsafe.Pointer(path)),
		uintptr(unsafe.Pointer(&w.args)), uintptr(unsafe.Pointer(&w.env)))
	giveUp(report, e)
}

// outOfTheWay is the same file under a number that nothing else is to have. A
// descriptor that OpenVPN left closed stays so.
//
//go:nosplit
//go:norace
func outOfTheWay(fd uintptr) uintptr {
	const duplicate = 1030 // F_DUPFD_CLOEXEC
	moved, _, e := syscall.RawSyscall(syscall.SYS_FCNTL, fd, duplicate, firstFree)
	if e != 0 {
		return ^uintptr(0)
	}
	return moved
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

//go:nosplit
//go:norace
func giveUp(report uintptr, e errno) {
	_, _, _ = syscall.RawSyscall(syscall.SYS_WRITE, report, uintptr(unsafe.Pointer(&e)), unsafe.Sizeof(e))
	for {
		_, _, _ = syscall.RawSyscall(syscall.SYS_EXIT_GROUP, exitRefused, 0, 0)
	}
}
