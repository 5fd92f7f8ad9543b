//go:build linux && (portable || !(amd64 || arm64))

package front

import (
	"syscall"
	"unsafe"
)

// detach: see detach.go; here the runtime has started.
func (p *process) detach(int) bool { return false }

// allocate reserves the first byte of a file and lets it stay empty.
func allocate(fd int) errno {
	const keepSize = 1 // FALLOC_FL_KEEP_SIZE
	return number(syscall.Fallocate(fd, keepSize, 0, 1))
}

// keepFromDebuggers: see kernel.go.
func keepFromDebuggers() {
	const setDumpable = 4 // PR_SET_DUMPABLE
	_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, setDumpable, 0, 0)
}

// keepFromWorker closes what OpenVPN left open at the worker's exec.
func keepFromWorker() {
	const sysCloseRange, closeOnExec = 436, 4
	_, _, _ = syscall.Syscall(sysCloseRange, FDBegun+1, uintptr(^uint32(0)), closeOnExec)
}

// complain writes to OpenVPN's log, unless that would mean to wait for it.
func complain(message []byte) {
	var writable syscall.FdSet
	writable.Bits[0] = 1 << 2
	if n, err := syscall.Select(3, nil, &writable, nil, &syscall.Timeval{}); err == nil && n == 1 {
		_, _ = syscall.Write(2, message)
	}
}

// processLimit is how many tasks the user may have.
func processLimit() (limit syscall.Rlimit) {
	const ofProcesses = 6 // RLIMIT_NPROC, which package syscall does not name
	if syscall.Getrlimit(ofProcesses, &limit) != nil {
		limit.Cur = uint64(unlimited)
	}
	return limit
}

// limitProcesses is left out: the child, which has to take it back, does nothing
// of ours here before it executes the worker.
func limitProcesses(*syscall.Rlimit) errno { return 0 }

// address is a name in the abstract namespace, which is no file's (unix(7)).
type address struct{ syscall.SockaddrUnix }

func newAddress(name []byte) address {
	return address{syscall.SockaddrUnix{Name: "@" + string(name)}}
}

func newSocket(flags int) (int, errno) {
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_SEQPACKET|syscall.SOCK_CLOEXEC|flags, 0)
	return fd, number(err)
}

// awaitReadable tells whether there is something to read, or the end. It waits no
// longer than so many milliseconds, however many signals
// interrupt it: the kernel takes off what has passed (select(2)). A negative fd is
// never readable.
func awaitReadable(fd int, milliseconds int) bool {
	var wanted syscall.FdSet
	count := 0
	if fd >= 0 {
		const bits = 8 * unsafe.Sizeof(wanted.Bits[0])
		wanted.Bits[uintptr(fd)/bits] |= 1 << (uintptr(fd) % bits)
		count = fd + 1
	}
	left := syscall.NsecToTimeval(int64(milliseconds) * 1_000_000)
	for {
		n, err := syscall.Select(count, &wanted, nil, nil, &left)
		if err != syscall.EINTR {
			return err == nil && n == 1
		}
	}
}

func connect(fd int, a *address) errno { return number(syscall.Connect(fd, &a.SockaddrUnix)) }

func bindAndListen(fd int, a *address) errno {
	err := syscall.Bind(fd, &a.SockaddrUnix)
	if err == nil {
		err = syscall.Listen(fd, backlog)
	}
	return number(err)
}

// peerUserID is of the process that called listen(2), -1 when it is not known or in
// another container.
func peerUserID(fd int) int {
	peer, err := syscall.GetsockoptUcred(fd, syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	if err != nil || peer.Pid == 0 {
		return -1
	}
	return int(peer.Uid)
}

// send sends the frame with the files that there are (SCM_RIGHTS, unix(7)).
func send(fd int, frame []byte, files results) errno {
	var fds []int
	for _, file := range [...]int{files.control, files.text} {
		if file >= 0 {
			fds = append(fds, file)
		}
	}
	var rights []byte
	if fds != nil {
		rights = syscall.UnixRights(fds...)
	}
	return number(syscall.Sendmsg(fd, frame, rights, nil, syscall.MSG_NOSIGNAL))
}

func shutdown(fd int) { _ = syscall.Shutdown(fd, syscall.SHUT_RDWR) }
