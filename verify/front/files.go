package front

import (
	"syscall"
	"unsafe"

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
func (p *process) leaveReason(fd int) {
	if fd < 0 {
		return
	}
	if !writeAll(fd, reason.Neutral(p.value("IV_PROTO"))) {
		refuse(problem{before: "auth_failed_reason_file cannot be written"})
	}
}

// reserve makes sure that the verdict's one byte has a place on a disk that
// fills up meanwhile: a verdict that cannot be written is a hanging user. Where
// the call is not to be had, or forbidden, nothing is known.
func reserve(control int) {
	switch e := allocate(control); e {
	case syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG, syscall.EIO, syscall.EROFS:
		refuse(problem{before: "the file for the verdict cannot be written", cause: e})
	}
}

// deferConnect tells OpenVPN that the answer comes later. Only exit status 0
// makes it look: any other is a refusal, whatever stands in the file
// (src/openvpn/multi.c, multi_client_connect_call_script).
func deferConnect(fd int) {
	if !writeAll(fd, "2") {
		refuse(problem{before: "client_connect_deferred_file cannot be written"})
	}
}

// deny is the answer to an OpenVPN that has gone on. Of a login it sends the text
// in the reason file. Of client-connect it may come to look only now, and would take
// anything but '2' for yes; the directive keeps the client out. Where that cannot be
// written, the client waits in vain.
func (p *process) deny(files results) {
	if p.value(job.ScriptType) == job.ClientConnect && !writeAll(files.text, job.KeepOut) {
		return
	}
	_ = writeFirst(files.control, '0')
}

func writeAll(fd int, s string) bool {
	n, e := write(fd, unsafe.Slice(unsafe.StringData(s), len(s)))
	return e == 0 && n == len(s)
}

// openResult opens the file that the variable names.
func (p *process) openResult(variable string) int {
	path := p.value(variable)
	if path == "" {
		return -1
	}
	return openForWriting(variable, path)
}

// openForWriting opens a file of OpenVPN's. It must be a regular file that is
// there already: never created, never reached through a symbolic link.
// O_NONBLOCK keeps a named pipe in its place from holding the daemon up.
func openForWriting(variable, path string) int {
	fd, e := open(path, syscall.O_WRONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK|syscall.O_CLOEXEC)
	if e != 0 {
		refuse(problem{before: variable, outside: path, cause: e})
	}
	var info syscall.Stat_t
	if e := fstat(fd, &info); e != 0 || info.Mode&syscall.S_IFMT != syscall.S_IFREG {
		refuse(problem{before: variable, outside: path, after: " is not a regular file"})
	}
	return fd
}

// credentials is where the credentials file is read to.
var credentials [job.MaxFrame]byte

// readCredentials reads the file whole or not at all.
func readCredentials(path string) string {
	fd, e := open(path, syscall.O_RDONLY|syscall.O_NONBLOCK|syscall.O_CLOEXEC)
	n := 0
	for e == 0 {
		var more int
		if more, e = read(fd, credentials[n:]); more == 0 {
			break
		}
		if n += more; n == len(credentials) {
			e = syscall.EFBIG
		}
	}
	if e != 0 {
		refuse(problem{before: "credentials file", outside: path, cause: e})
	}
	closeFile(fd)
	return unsafe.String(&credentials[0], n)
}
