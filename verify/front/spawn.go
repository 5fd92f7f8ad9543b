package front

import (
	"syscall"
	"unsafe"
)

// The worker's command line and the descriptors it finds, in this order.
const (
	// WorkerCommand is the hidden command of the same binary.
	WorkerCommand = "worker"
	// ListenFlag says that FDListener is a listening socket.
	ListenFlag = "--listen"

	FDJob      = 3 // a pipe with the frame of the first job
	FDControl  = 4 // auth_control_file or client_connect_deferred_file, closed when there is none
	FDText     = 5 // auth_failed_reason_file or client_connect_config_file, likewise
	FDListener = 6 // closed without ListenFlag
	FDBegun    = 7 // where the worker writes a byte when it has the job
)

// program is what a new process executes, as execve(2) wants it.
type program struct {
	path string
	room room
	args [6]*byte         // nil behind the last
	env  [7]*byte         // likewise
	fds  [FDBegun + 1]int // what it finds under each number; -1: nothing
}

// startWorker runs a detached copy of this binary that takes the job, and with
// listener >= 0 serves further fronts. 0 means that it was executed; with begun >= 0
// it tells there when it has the job. config has a NUL behind it.
func (p *process) startWorker(config string, frame []byte, files results, listener, begun int) errno {
	jobEnd, e := pipeWith(frame)
	if e != 0 {
		return e
	}
	null := nullDevice(jobEnd)
	if begun < 0 {
		begun = null
	}
	r := lookForRoom()
	worker := program{
		room: r,
		args: [6]*byte{constant("ovpn-verify\x00"), constant(WorkerCommand + "\x00"), constant("--config\x00"), unsafe.StringData(config)},
		env:  p.workerEnvironment(),
		fds:  [FDBegun + 1]int{null, null, 2, jobEnd, files.control, files.text, listener, begun},
	}
	worker.env[0] = processors(r.few())
	if listener >= 0 {
		worker.args[4] = constant(ListenFlag + "\x00")
	}
	worker.path, _ = p.executable()
	if e = r.reserve(r.worker()); e == 0 {
		e = worker.start()
		r.restore()
	}
	closeFile(jobEnd)
	return e
}

// constant is a text of ours with its NUL.
func constant(s string) *byte { return unsafe.StringData(s) }

// pipeWith returns the end from which the frame can be read. It fits the pipe's
// buffer (job.MaxFrame), unless the user has so many pipes that the kernel gives
// smaller ones (pipe(7), pipe-user-pages-soft): that is a failure, and no reason
// to wait.
func pipeWith(frame []byte) (int, errno) {
	var ends [2]int32
	if e := newPipe(&ends); e != 0 {
		return -1, e
	}
	n, e := write(int(ends[1]), frame)
	closeFile(int(ends[1]))
	if e == 0 && n != len(frame) {
		e = syscall.EIO
	}
	if e != 0 {
		closeFile(int(ends[0]))
	}
	return int(ends[0]), e
}

// workerEnvironment is what libraries look at; OpenVPN's own environment can
// hold the password (via-env) and stays behind. The first place is for processors.
func (p *process) workerEnvironment() (env [7]*byte) {
	n := 1
	for _, name := range [...]string{"SSL_CERT_FILE", "SSL_CERT_DIR", "TZ", "GODEBUG"} {
		if entry := p.entry(name); entry != nil {
			env[n] = entry
			n++
		}
	}
	return env
}

// processors is how many the worker uses at once: two keep both of a small
// gateway busy. One makes do with four threads instead of five or six, which
// counts where a unit allows ten processes and threads (LimitNPROC=10).
func processors(fewTasks bool) *byte {
	if fewTasks {
		return constant("GOMAXPROCS=1\x00")
	}
	return constant("GOMAXPROCS=2\x00")
}

// nullDevice falls back to another descriptor: a chroot may have no /dev, and
// Go's runtime does not start with standard input or output closed.
func nullDevice(fallback int) int {
	fd, e := open("/dev/null", syscall.O_RDWR|syscall.O_CLOEXEC)
	if e != 0 {
		return fallback
	}
	return fd
}

// executable is this binary, also when its file has been replaced. Without
// /proc (chroot) the first argument has to do; OpenVPN requires a full path.
func (p *process) executable() (path string, info syscall.Stat_t) {
	const self = "/proc/self/exe"
	first := p.argument(0)
	if stat(self, &info) == 0 || first == "" || first[0] != '/' {
		return self, info
	}
	_ = stat(first, &info)
	return first, info
}
