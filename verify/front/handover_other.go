//go:build !linux

package front

import "syscall"

// handOver starts one worker for each login: sockets without a name in the file
// system, and descriptors sent with credentials, are Linux's.
func (p *process) handOver(config string, frame []byte, files results) bool {
	return p.startWorker(config, frame, files, -1, -1) == 0
}

func (p *process) detach(int) bool { return false }

func allocate(int) errno { return 0 }

func keepFromWorker() {}

func keepFromDebuggers() {}

func complain(message []byte) { _, _ = syscall.Write(2, message) }

// room is not looked at: one worker for each login is bound by the limits anyway.
type room struct{}

func lookForRoom() (r room) { return r }

func (*room) few() bool { return false }

func (*room) worker() int { return 0 }

func (*room) reserve(int) errno { return 0 }

func (*room) restore() {}
