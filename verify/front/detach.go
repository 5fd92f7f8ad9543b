//go:build linux && (amd64 || arm64) && !portable

package front

import "syscall"

// detach lets OpenVPN go on: this process ends with the status, and what is left
// to do is done in a copy of it, for which nobody waits. To wake a worker and to
// hear from it takes longer than all that comes before, milliseconds where the
// processor that it last ran on sleeps, and longest where it does not answer.
//
// false: there is no copy, and OpenVPN has to wait. The limits may leave no room for
// a copy beside a whole worker, which the copy may have to start, and OpenVPN's next
// front; or OpenVPN is process 1, as in a container without an init, and would
// leave each copy a zombie, as another process 1 might; or Go's runtime runs here,
// whose threads would be missing in the copy.
func (p *process) detach(status int) bool {
	if !p.early || parent() == 1 || !orphansAreReaped() {
		return false
	}
	r := lookForRoom()
	if r.reserveForCopy() != 0 {
		return false
	}
	e := exitBeforeCopy(ofOneMemory|uintptr(syscall.SIGCHLD), status)
	r.restore()
	return e == 0
}

// ofOneMemory: the copy goes on with the memory, the descriptors and the working
// folder of the one that exits. To copy the tables of pages and to take them down
// was a good part of what OpenVPN waited for.
const ofOneMemory = syscall.CLONE_VM | syscall.CLONE_FILES | syscall.CLONE_FS

// exitBeforeCopy makes a copy of the process, as clone(2) does with the flags, and
// returns 0 in it. The process itself exits with the status; only where there is no
// copy it returns, with the error number. They share the stack, on which the one that
// exits does nothing any more.
func exitBeforeCopy(flags uintptr, status int) errno

func parent() int {
	id, _, _ := syscall.RawSyscall(syscall.SYS_GETPPID, 0, 0, 0)
	return int(id)
}
