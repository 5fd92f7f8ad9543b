package front

import (
	"syscall"

	"ovpn-verify/verify/front/job"
	"ovpn-verify/verify/front/reason"
)

// results are the descriptors of the files that carry the answer; -1 where OpenVPN named none.
type results struct {
	control int // auth_control_file or client_connect_deferred_file
	text    int // auth_failed_reason_file or client_connect_config_file
}

var noResults = results{control: -1, text: -1}

// leaveReason puts the neutral text where OpenVPN finds it when this process
// fails, or when a worker dies before the verdict.
func leaveReason(fd int) {
	if fd < 0 {
		return
	}
	ivProto, _ := syscall.Getenv("IV_PROTO")
	text := reason.Temporary(reason.Unfinished, ivProto)
	if n, err := syscall.Pwrite(fd, []byte(text), 0); err != nil || n != len(text) {
		refuse("auth_failed_reason_file cannot be written")
	}
}

// deferConnect tells OpenVPN that the answer comes later. Only exit status 0
// makes it look: any other is a refusal, whatever stands in the file
// (src/openvpn/multi.c, multi_client_connect_call_script).
func deferConnect(fd int) {
	if n, err := syscall.Pwrite(fd, []byte{'2'}, 0); err != nil || n != 1 {
		refuse("client_connect_deferred_file cannot be written")
	}
}

// openResult opens the file that the variable names.
func openResult(variable string) int {
	path, _ := syscall.Getenv(variable)
	if path == "" {
		return -1
	}
	return openForWriting(variable, path)
}

// openForWriting opens a file of OpenVPN's. It must be a regular file that is
// there already: never created, never reached through a symbolic link.
// O_NONBLOCK keeps a named pipe in its place from holding the daemon up.
func openForWriting(variable, path string) int {
	fd, err := syscall.Open(path, syscall.O_WRONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err != nil {
		refuse(variable + " " + quote(path) + ": " + err.Error())
	}
	var info syscall.Stat_t
	if err := syscall.Fstat(fd, &info); err != nil || info.Mode&syscall.S_IFMT != syscall.S_IFREG {
		refuse(variable + " " + quote(path) + " is not a regular file")
	}
	return fd
}

// readFile reads the credentials file, whole or not at all.
func readFile(path string) ([]byte, error) {
	b, err := readUpTo(path, job.MaxFrame)
	if err == nil && len(b) == job.MaxFrame {
		err = syscall.EFBIG
	}
	return b, err
}

func readUpTo(path string, most int) ([]byte, error) {
	fd, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer syscall.Close(fd)
	b := make([]byte, 0, 1024)
	for len(b) < most {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := syscall.Read(fd, b[len(b):min(cap(b), most)])
		if err == syscall.EINTR {
			continue
		}
		if err != nil || n == 0 {
			return b, err
		}
		b = b[:len(b)+n]
	}
	return b, nil
}
