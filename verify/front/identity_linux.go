package front

import "syscall"

// overflowID is how a process sees every user id that has no place in its user
// namespace (user_namespaces(7)). It is also the user nobody's, as whom many run
// OpenVPN: in a container that shares the host's network, everybody on the host
// would pass for nobody, and could take a worker's name.
const overflowID = 65534

// idsAreTheHosts tells whether all user ids are what they are outside. Without
// /proc it is not known, and taken for granted.
func idsAreTheHosts() bool {
	fd, e := open("/proc/self/uid_map", syscall.O_RDONLY|syscall.O_CLOEXEC)
	if e != 0 {
		return true
	}
	var b [128]byte
	n, _ := read(fd, b[:])
	closeFile(fd)
	return isWholeMap(b[:n])
}

// isWholeMap tells whether the first line of a uid_map is 0 0 4294967295.
func isWholeMap(b []byte) bool {
	for i, want := range [...]string{"0", "0", "4294967295"} {
		b = trimSpaces(b)
		if i > 0 && len(b) == 0 || len(b) < len(want) || string(b[:len(want)]) != want {
			return false
		}
		b = b[len(want):]
		if len(b) == 0 || b[0] != ' ' && b[0] != '\n' {
			return false
		}
	}
	return true
}

func trimSpaces(b []byte) []byte {
	for len(b) > 0 && b[0] == ' ' {
		b = b[1:]
	}
	return b
}
