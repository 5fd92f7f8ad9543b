//go:build !linux

package front

import "syscall"

// handOver starts one worker for each login: sockets without a name in the file
// system, and descriptors sent with credentials, are Linux's.
func handOver(config string, frame []byte, files results) bool {
	return startWorker(config, frame, files, -1) == nil
}

func pipeCloseOnExec(p *[2]int) error {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := syscall.Pipe(p[:]); err != nil {
		return err
	}
	syscall.CloseOnExec(p[0])
	syscall.CloseOnExec(p[1])
	return nil
}

func reserve(int) {}

func keepFromWorker(uintptr) {}

func keepFromDebuggers() {}

func complain(message string) { _, _ = syscall.Write(2, []byte(message)) }

// processLimit is not looked at: one worker for each login is bound by it anyway.
func processLimit() uint64 { return 0 }
