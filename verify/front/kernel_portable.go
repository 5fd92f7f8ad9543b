//go:build !(linux && (amd64 || arm64)) || portable

package front

import "syscall"

// The system calls that front makes, by package syscall: here the runtime has
// started.

// number takes the error apart that package syscall makes of an error number.
func number(err error) errno {
	switch e := err.(type) {
	case nil:
		return 0
	case syscall.Errno:
		return e
	default:
		return syscall.EINVAL
	}
}

func open(path string, flags int) (fd int, e errno) {
	fd, err := syscall.Open(path, flags, 0)
	return fd, number(err)
}

func stat(path string, info *syscall.Stat_t) errno { return number(syscall.Stat(path, info)) }

func fstat(fd int, info *syscall.Stat_t) errno { return number(syscall.Fstat(fd, info)) }

func read(fd int, b []byte) (int, errno) {
	for {
		n, err := syscall.Read(fd, b)
		if err != syscall.EINTR {
			return max(n, 0), number(err)
		}
	}
}

func write(fd int, b []byte) (int, errno) {
	for {
		n, err := syscall.Write(fd, b)
		if err != syscall.EINTR {
			return max(n, 0), number(err)
		}
	}
}

// writeFirst writes the first byte of a file, wherever others write.
func writeFirst(fd int, b byte) errno {
	_, err := syscall.Pwrite(fd, []byte{b}, 0)
	return number(err)
}

func closeFile(fd int) { _ = syscall.Close(fd) }

func exit(status int) { syscall.Exit(status) }

func userID() int { return syscall.Geteuid() }

// workingFolder puts its path into b and returns its length.
func workingFolder(b []byte) (int, errno) {
	folder, err := syscall.Getwd()
	return copy(b, folder), number(err)
}

// newPipe makes a pipe whose end for writing, the second, does not wait.
func newPipe(ends *[2]int32) errno {
	var pipe [2]int
	syscall.ForkLock.RLock()
	err := syscall.Pipe(pipe[:])
	if err == nil {
		syscall.CloseOnExec(pipe[0])
		syscall.CloseOnExec(pipe[1])
	}
	syscall.ForkLock.RUnlock()
	if err == nil {
		err = syscall.SetNonblock(pipe[1], true)
	}
	ends[0], ends[1] = int32(pipe[0]), int32(pipe[1])
	return number(err)
}

// start executes the program in a session of its own. 0 means that it was executed.
func (w *program) start() errno {
	var files []uintptr
	for _, fd := range w.fds {
		files = append(files, uintptr(fd))
	}
	keepFromWorker()
	_, err := syscall.ForkExec(w.path, texts(w.args[:]), &syscall.ProcAttr{
		Dir: "/", Env: texts(w.env[:]), Files: files, Sys: &syscall.SysProcAttr{Setsid: true},
	})
	return number(err)
}

func texts(pointers []*byte) (all []string) {
	for _, p := range pointers {
		if p != nil {
			all = append(all, text(p))
		}
	}
	return all
}
