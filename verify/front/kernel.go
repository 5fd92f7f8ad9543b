//go:build linux && (amd64 || arm64) && !portable

package front

import (
	"syscall"
	"unsafe"
)

// The system calls that front makes, without the runtime: of package syscall only
// RawSyscall and RawSyscall6 are, which are the machine's instruction and no more.

const atCurrentFolder = -100 // AT_FDCWD

// call repeats what a signal interrupts.
func call(number, a, b, c, d uintptr) (int, errno) {
	for {
		result, _, e := syscall.RawSyscall6(number, a, b, c, d, 0, 0)
		if e != syscall.EINTR {
			return int(result), e
		}
	}
}

// kernelPath is a path as the kernel reads it, with a NUL behind it.
type kernelPath [pathMax]byte

func (k *kernelPath) set(path string) errno {
	if len(path) >= len(k) {
		return syscall.ENAMETOOLONG
	}
	copy(k[:], path)
	k[len(path)] = 0
	return 0
}

func open(path string, flags int) (fd int, e errno) {
	var k kernelPath
	if e := k.set(path); e != 0 {
		return -1, e
	}
	folder := atCurrentFolder
	return call(syscall.SYS_OPENAT, uintptr(folder), uintptr(unsafe.Pointer(&k)), uintptr(flags), 0)
}

func stat(path string, info *syscall.Stat_t) errno {
	var k kernelPath
	if e := k.set(path); e != 0 {
		return e
	}
	folder := atCurrentFolder
	_, e := call(sysFstatat, uintptr(folder), uintptr(unsafe.Pointer(&k)), uintptr(unsafe.Pointer(info)), 0)
	return e
}

func fstat(fd int, info *syscall.Stat_t) errno {
	_, e := call(syscall.SYS_FSTAT, uintptr(fd), uintptr(unsafe.Pointer(info)), 0, 0)
	return e
}

func read(fd int, b []byte) (int, errno) {
	n, e := call(syscall.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), 0)
	return count(n, e), e
}

func write(fd int, b []byte) (int, errno) {
	n, e := call(syscall.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), 0)
	return count(n, e), e
}

// writeFirst writes the first byte of a file, wherever others write.
func writeFirst(fd int, b byte) errno {
	_, e := call(syscall.SYS_PWRITE64, uintptr(fd), uintptr(unsafe.Pointer(&b)), 1, 0)
	return e
}

// count is 0 after an error, as the callers of read and write want it.
func count(n int, e errno) int {
	if e != 0 {
		return 0
	}
	return n
}

// closeFile is not repeated: the descriptor is gone in any case (close(2)).
func closeFile(fd int) { _, _, _ = syscall.RawSyscall(syscall.SYS_CLOSE, uintptr(fd), 0, 0) }

func exit(status int) {
	for {
		_, _, _ = syscall.RawSyscall(syscall.SYS_EXIT_GROUP, uintptr(status), 0, 0)
	}
}

func userID() int {
	id, _, _ := syscall.RawSyscall(syscall.SYS_GETEUID, 0, 0, 0)
	return int(id)
}

// workingFolder puts its path into b and returns its length. The kernel counts the NUL.
func workingFolder(b []byte) (int, errno) {
	n, e := call(syscall.SYS_GETCWD, uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), 0, 0)
	return n - 1, e
}

// allocate reserves the first byte of a file and lets it stay empty.
func allocate(fd int) errno {
	const keepSize = 1 // FALLOC_FL_KEEP_SIZE
	_, e := call(syscall.SYS_FALLOCATE, uintptr(fd), keepSize, 0, 1)
	return e
}

// occupyStandardError: where OpenVPN left it closed, a result file would get its
// number, and lines for the log would become the user's text.
func occupyStandardError() {
	const flags = 1 // F_GETFD
	for {
		if _, e := call(syscall.SYS_FCNTL, 2, flags, 0, 0); e != syscall.EBADF {
			return
		}
		if _, e := open("/", syscall.O_RDONLY|syscall.O_CLOEXEC); e != 0 {
			return
		}
	}
}

// keepFromDebuggers keeps other processes of the user from attaching to this one
// and taking its memory, its descriptors or a core file, whatever command it runs
// (prctl(2), PR_SET_DUMPABLE). Executing the worker ends it there, and the
// worker comes by here as well.
func keepFromDebuggers() {
	const setDumpable = 4 // PR_SET_DUMPABLE
	_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, setDumpable, 0, 0)
}

// complain writes to OpenVPN's log, unless that would mean to wait for it.
func complain(message []byte) {
	const writable = 4 // POLLOUT
	stderr := pollFD{2, writable, 0}
	var noTime syscall.Timespec
	n, e := call(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(&stderr)), 1, uintptr(unsafe.Pointer(&noTime)), 0)
	if e == 0 && n == 1 && stderr.revents&writable != 0 {
		_, _ = write(2, message)
	}
}

const ofProcesses = 6 // RLIMIT_NPROC, which package syscall does not name

// processLimit is how many tasks the user may have.
func processLimit() (limit syscall.Rlimit) {
	_, _, e := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, 0, ofProcesses, 0, uintptr(unsafe.Pointer(&limit)), 0, 0)
	if e != 0 {
		limit.Cur = uint64(unlimited)
	}
	return limit
}

//go:nosplit
//go:norace
func limitProcesses(limit *syscall.Rlimit) errno {
	_, _, e := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, 0, ofProcesses, uintptr(unsafe.Pointer(limit)), 0, 0, 0)
	return e
}
