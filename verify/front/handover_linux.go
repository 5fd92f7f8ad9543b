package front

import "syscall"

// ackTimeout is how long a worker may take to say that it has the job.
var ackTimeout = syscall.Timeval{Usec: 250_000}

// Acknowledged is the byte by which a worker takes a job.
const Acknowledged = 'A'

// handOver gives the job to the worker that serves this user id, binary and
// configuration, or starts it. When that worker cannot be had (another user
// sits on its name, it does not answer, it is just leaving), the job gets a
// worker of its own. false: not even that was possible.
func handOver(config string, frame []byte, files results) bool {
	address := socketAddress(config)
	// A second round is for the worker that left, or came, between two calls.
	for range 3 {
		switch offer(address, frame, files) {
		case taken:
			return true
		case notTaken:
			return startWorker(config, frame, files, -1) == nil
		}
		listener, err := listen(address)
		if err == syscall.EADDRINUSE {
			continue
		}
		if err != nil {
			break
		}
		return startWorker(config, frame, files, listener) == nil
	}
	return startWorker(config, frame, files, -1) == nil
}

type answer int

const (
	noWorker answer = iota
	notTaken
	taken
)

// offer hands the frame and the open result files to the listening worker.
func offer(address *syscall.SockaddrUnix, frame []byte, files results) answer {
	fd, err := socket()
	if err != nil {
		return notTaken
	}
	defer syscall.Close(fd)
	_ = syscall.SetsockoptTimeval(fd, syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &ackTimeout)
	_ = syscall.SetsockoptTimeval(fd, syscall.SOL_SOCKET, syscall.SO_SNDTIMEO, &ackTimeout)
	switch err := syscall.Connect(fd, address); {
	case err == syscall.ECONNREFUSED:
		return noWorker
	case err != nil || !samePeer(fd):
		return notTaken
	}
	err = syscall.Sendmsg(fd, frame, files.rights(), nil, syscall.MSG_NOSIGNAL)
	if err == nil && acknowledged(fd) {
		return taken
	}
	return notTaken
}

// rights is the control message by which the files cross, empty without any.
func (files results) rights() []byte {
	var rights []int
	for _, fd := range [...]int{files.control, files.text} {
		if fd >= 0 {
			rights = append(rights, fd)
		}
	}
	if rights == nil {
		return nil
	}
	return syscall.UnixRights(rights...)
}

// acknowledged waits for the worker's byte. When it does not come in time, the
// socket is shut before a last look: from then on the worker's acknowledgement
// fails, so that the job is run either there or here and never twice.
func acknowledged(fd int) bool {
	if received(fd) {
		return true
	}
	_ = syscall.Shutdown(fd, syscall.SHUT_RDWR)
	return received(fd)
}

func received(fd int) bool {
	var b [1]byte
	for {
		n, err := syscall.Read(fd, b[:])
		if err == syscall.EINTR {
			continue
		}
		return err == nil && n == 1 && b[0] == Acknowledged
	}
}

// samePeer keeps the password from a socket that another user id listens on.
func samePeer(fd int) bool {
	peer, err := syscall.GetsockoptUcred(fd, syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	return err == nil && int(peer.Uid) == syscall.Geteuid()
}

// listen binds the worker's name on its behalf: fronts that come while it
// starts find it already, and of two that start one at once only one succeeds.
func listen(address *syscall.SockaddrUnix) (int, error) {
	fd, err := socket()
	if err != nil {
		return -1, err
	}
	if err = syscall.Bind(fd, address); err == nil {
		err = syscall.Listen(fd, syscall.SOMAXCONN)
	}
	if err != nil {
		syscall.Close(fd)
		return -1, err
	}
	return fd, nil
}

func socket() (int, error) {
	return syscall.Socket(syscall.AF_UNIX, syscall.SOCK_SEQPACKET|syscall.SOCK_CLOEXEC, 0)
}

func pipeCloseOnExec(p *[2]int) error { return syscall.Pipe2(p[:], syscall.O_CLOEXEC) }

// reserve makes sure that the verdict's one byte has a place on a disk that
// fills up meanwhile: a verdict that cannot be written is a hanging user.
func reserve(control int) {
	const keepSize = 1 // FALLOC_FL_KEEP_SIZE: the file stays empty, as OpenVPN made it
	switch err := syscall.Fallocate(control, keepSize, 0, 1); err {
	case nil, syscall.EOPNOTSUPP, syscall.ENOSYS, syscall.EINTR:
	default:
		refuse("the file for the verdict cannot be written: " + err.Error())
	}
}

// keepFromWorker closes what OpenVPN left open at the worker's exec. A kernel
// that does not know close_range (before 5.11) hands it on.
func keepFromWorker(first uintptr) {
	const (
		sysCloseRange = 436 // the same on every architecture
		closeOnExec   = 4   // CLOSE_RANGE_CLOEXEC
	)
	_, _, _ = syscall.Syscall(sysCloseRange, first, uintptr(^uint32(0)), closeOnExec)
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
func complain(message string) {
	var writable syscall.FdSet
	writable.Bits[0] = 1 << 2
	if n, err := syscall.Select(3, nil, &writable, nil, &syscall.Timeval{}); err == nil && n == 1 {
		_, _ = syscall.Write(2, []byte(message))
	}
}

// processLimit is how many processes and threads the user may have.
func processLimit() uint64 {
	const rlimitNPROC = 6 // RLIMIT_NPROC, which package syscall does not name
	var limit syscall.Rlimit
	if syscall.Getrlimit(rlimitNPROC, &limit) != nil {
		return 0
	}
	return limit.Cur
}
