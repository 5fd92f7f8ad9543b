//go:build linux && (amd64 || arm64) && !portable

package front

import (
	"syscall"
	"unsafe"
)

// address is a name in the abstract namespace, which is no file's (unix(7)).
type address struct {
	raw    syscall.RawSockaddrUnix
	length uintptr
}

func newAddress(name []byte) (a address) {
	a.raw.Family = syscall.AF_UNIX
	for i, c := range name { // the first byte stays 0
		a.raw.Path[1+i] = int8(c)
	}
	a.length = unsafe.Offsetof(a.raw.Path) + 1 + uintptr(len(name))
	return a
}

func newSocket(flags int) (int, errno) {
	return call(syscall.SYS_SOCKET, syscall.AF_UNIX, syscall.SOCK_SEQPACKET|syscall.SOCK_CLOEXEC|uintptr(flags), 0, 0)
}

// pollFD is struct pollfd (poll(2)).
type pollFD struct {
	fd              int32
	events, revents int16
}

// awaitReadable tells whether there is something to read, or the end. It waits no
// longer than so many milliseconds, however many signals
// interrupt it: the kernel takes off what has passed (ppoll(2), "C library/kernel
// differences"). A negative fd is never readable.
func awaitReadable(fd int, milliseconds int) bool {
	const readable = 1 // POLLIN
	wanted := pollFD{int32(fd), readable, 0}
	left := syscall.Timespec{Sec: int64(milliseconds / 1000), Nsec: int64(milliseconds%1000) * 1_000_000}
	n, e := call(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(&wanted)), 1, uintptr(unsafe.Pointer(&left)), 0)
	return e == 0 && n == 1
}

func connect(fd int, a *address) errno {
	_, e := call(syscall.SYS_CONNECT, uintptr(fd), uintptr(unsafe.Pointer(&a.raw)), a.length, 0)
	return e
}

func bindAndListen(fd int, a *address) errno {
	_, e := call(syscall.SYS_BIND, uintptr(fd), uintptr(unsafe.Pointer(&a.raw)), a.length, 0)
	if e == 0 {
		_, e = call(syscall.SYS_LISTEN, uintptr(fd), backlog, 0, 0)
	}
	return e
}

// peerUserID is of the process that called listen(2), -1 when it is not known or in
// another container.
func peerUserID(fd int) int {
	var peer syscall.Ucred
	size := uint32(unsafe.Sizeof(peer))
	_, _, e := syscall.RawSyscall6(syscall.SYS_GETSOCKOPT, uintptr(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED,
		uintptr(unsafe.Pointer(&peer)), uintptr(unsafe.Pointer(&size)), 0)
	if e != 0 || peer.Pid == 0 {
		return -1
	}
	return int(peer.Uid)
}

// send sends the frame with the files that there are (SCM_RIGHTS, unix(7)).
func send(fd int, frame []byte, files results) errno {
	var rights struct {
		header syscall.Cmsghdr
		fds    [2]int32
	}
	n := 0
	for _, file := range [...]int{files.control, files.text} {
		if file >= 0 {
			rights.fds[n] = int32(file)
			n++
		}
	}
	content := syscall.Iovec{Base: unsafe.SliceData(frame), Len: uint64(len(frame))}
	message := syscall.Msghdr{Iov: &content, Iovlen: 1}
	if n > 0 {
		length := uint64(syscall.SizeofCmsghdr + n*int(unsafe.Sizeof(rights.fds[0])))
		rights.header = syscall.Cmsghdr{Len: length, Level: syscall.SOL_SOCKET, Type: syscall.SCM_RIGHTS}
		message.Control, message.Controllen = (*byte)(unsafe.Pointer(&rights)), uint64(unsafe.Sizeof(rights))
	}
	_, e := call(syscall.SYS_SENDMSG, uintptr(fd), uintptr(unsafe.Pointer(&message)), syscall.MSG_NOSIGNAL, 0)
	return e
}

func shutdown(fd int) {
	_, _, _ = syscall.RawSyscall(syscall.SYS_SHUTDOWN, uintptr(fd), syscall.SHUT_RDWR, 0)
}
