//go:build linux && (amd64 || arm64)

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

func newSocket() (int, errno) {
	return call(syscall.SYS_SOCKET, syscall.AF_UNIX, syscall.SOCK_SEQPACKET|syscall.SOCK_CLOEXEC, 0, 0)
}

// limitWaiting bounds each wait on the socket, also that of connecting.
func limitWaiting(fd int, most *syscall.Timeval) {
	for _, direction := range [...]uintptr{syscall.SO_RCVTIMEO, syscall.SO_SNDTIMEO} {
		_, _, _ = syscall.RawSyscall6(syscall.SYS_SETSOCKOPT, uintptr(fd), syscall.SOL_SOCKET, direction,
			uintptr(unsafe.Pointer(most)), unsafe.Sizeof(*most), 0)
	}
}

func connect(fd int, a *address) errno {
	_, e := call(syscall.SYS_CONNECT, uintptr(fd), uintptr(unsafe.Pointer(&a.raw)), a.length, 0)
	return e
}

func bindAndListen(fd int, a *address) errno {
	_, e := call(syscall.SYS_BIND, uintptr(fd), uintptr(unsafe.Pointer(&a.raw)), a.length, 0)
	if e == 0 {
		_, e = call(syscall.SYS_LISTEN, uintptr(fd), syscall.SOMAXCONN, 0, 0)
	}
	return e
}

// peerUserID is of the process that called listen(2), -1 when it is not known.
func peerUserID(fd int) int {
	var peer syscall.Ucred
	size := uint32(unsafe.Sizeof(peer))
	_, _, e := syscall.RawSyscall6(syscall.SYS_GETSOCKOPT, uintptr(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED,
		uintptr(unsafe.Pointer(&peer)), uintptr(unsafe.Pointer(&size)), 0)
	if e != 0 {
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
