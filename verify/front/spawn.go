package front

import "syscall"

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
)

// startWorker runs a detached copy of this binary that takes the job, and with
// listener >= 0 serves further fronts. A nil error means that it was executed.
func startWorker(config string, frame []byte, files results, listener int) error {
	var pipe [2]int
	if err := pipeCloseOnExec(&pipe); err != nil {
		return err
	}
	defer syscall.Close(pipe[0])
	// The frame fits the pipe's buffer (job.MaxFrame), unless the user has so many
	// pipes that the kernel gives smaller ones (pipe(7), pipe-user-pages-soft):
	// that is a failure, and no reason to wait.
	_ = syscall.SetNonblock(pipe[1], true)
	n, err := syscall.Write(pipe[1], frame)
	syscall.Close(pipe[1])
	if err != nil || n != len(frame) {
		return syscall.EIO
	}
	args := []string{"ovpn-verify", WorkerCommand, "--config", config}
	if listener >= 0 {
		args = append(args, ListenFlag)
	}
	null := nullDevice(pipe[0])
	keepFromWorker(FDListener + 1)
	path, _ := executable()
	_, err = syscall.ForkExec(path, args, &syscall.ProcAttr{
		Dir: "/",
		Env: workerEnvironment(),
		Files: []uintptr{
			uintptr(null), uintptr(null), 2,
			uintptr(pipe[0]), uintptr(files.control), uintptr(files.text), uintptr(listener),
		},
		Sys: &syscall.SysProcAttr{Setsid: true},
	})
	return err
}

// workerEnvironment is what libraries look at; OpenVPN's own environment can
// hold the password (via-env) and stays behind.
func workerEnvironment() []string {
	env := []string{processors()}
	for _, name := range [...]string{"SSL_CERT_FILE", "SSL_CERT_DIR", "TZ", "GODEBUG"} {
		if value, set := syscall.Getenv(name); set {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// processors is how many the worker uses at once: two keep both of a small
// gateway busy. One makes do with four threads instead of five or six, which
// counts where a unit allows ten processes and threads (LimitNPROC=10): the
// daemon is one, the next front needs five.
func processors() string {
	if limit := processLimit(); limit != 0 && limit < 20 {
		return "GOMAXPROCS=1"
	}
	return "GOMAXPROCS=2"
}

// nullDevice falls back to another descriptor: a chroot may have no /dev, and
// Go's runtime does not start with standard input or output closed.
func nullDevice(fallback int) int {
	fd, err := syscall.Open("/dev/null", syscall.O_RDWR|syscall.O_CLOEXEC, 0)
	if err != nil {
		return fallback
	}
	return fd
}

// firstArgument is the path by which this process was called, when it is a full one.
var firstArgument string

// executable is this binary, also when its file has been replaced. Without
// /proc (chroot) the first argument has to do; OpenVPN requires a full path.
func executable() (path string, info syscall.Stat_t) {
	const self = "/proc/self/exe"
	if syscall.Stat(self, &info) == nil || firstArgument == "" {
		return self, info
	}
	_ = syscall.Stat(firstArgument, &info)
	return firstArgument, info
}
