//go:build linux && !(amd64 || arm64)

package front

import "syscall"

// reserve makes sure that the verdict's one byte has a place on a disk that
// fills up meanwhile: a verdict that cannot be written is a hanging user.
func reserve(control int) {
	const keepSize = 1 // FALLOC_FL_KEEP_SIZE: the file stays empty, as OpenVPN made it
	switch err := syscall.Fallocate(control, keepSize, 0, 1); err {
	case nil, syscall.EOPNOTSUPP, syscall.ENOSYS, syscall.EINTR:
	default:
		refuse(problem{before: "the file for the verdict cannot be written", cause: number(err)})
	}
}

// keepFromDebuggers: see kernel.go.
func keepFromDebuggers() {
	const setDumpable = 4 // PR_SET_DUMPABLE
	_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, setDumpable, 0, 0)
}

// keepFromWorker closes what OpenVPN left open at the worker's exec.
func keepFromWorker() {
	const sysCloseRange, closeOnExec = 436, 4
	_, _, _ = syscall.Syscall(sysCloseRange, FDListener+1, uintptr(^uint32(0)), closeOnExec)
}

// complain writes to OpenVPN's log, unless that would mean to wait for it.
func complain(message []byte) {
	var writable syscall.FdSet
	writable.Bits[0] = 1 << 2
	if n, err := syscall.Select(3, nil, &writable, nil, &syscall.Timeval{}); err == nil && n == 1 {
		_, _ = syscall.Write(2, message)
	}
}

// processLimit is how many processes and threads the user may have.
func processLimit() uint64 {
	const ofProcesses = 6 // RLIMIT_NPROC, which package syscall does not name
	var limit syscall.Rlimit
	if syscall.Getrlimit(ofProcesses, &limit) != nil {
		return 0
	}
	return limit.Cur
}

// address is a name in the abstract namespace, which is no file's (unix(7)).
type address struct{ syscall.SockaddrUnix }

func newAddress(name []byte) address {
	return address{syscall.SockaddrUnix{Name: "@" + string(name)}}
}

func newSocket() (int, errno) {
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_SEQPACKET|syscall.SOCK_CLOEXEC, 0)
	return fd, number(err)
}

// limitWaiting bounds each wait on the socket, also that of connecting.
func limitWaiting(fd int, most *syscall.Timeval) {
	_ = syscall.SetsockoptTimeval(fd, syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, most)
	_ = syscall.SetsockoptTimeval(fd, syscall.SOL_SOCKET, syscall.SO_SNDTIMEO, most)
}

func connect(fd int, a *address) errno { return number(syscall.Connect(fd, &a.SockaddrUnix)) }

func bindAndListen(fd int, a *address) errno {
	err := syscall.Bind(fd, &a.SockaddrUnix)
	if err == nil {
		err = syscall.Listen(fd, syscall.SOMAXCONN)
	}
	return number(err)
}

// peerUserID is of the process that called listen(2), -1 when it is not known.
func peerUserID(fd int) int {
	peer, err := syscall.GetsockoptUcred(fd, syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	if err != nil {
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
