//go:build linux && (amd64 || arm64) && !portable

package front

import (
	"unsafe"

	"ovpn-verify/verify/front/job"
)

// Entry is where the kernel starts the program, when it was linked with
// -E ovpn-verify/verify/front.Entry. It calls early, and goes on to where Go
// programs start when early returns. The runtime would cost OpenVPN's tunnels
// more than all that front does: reading its tables, making its heap and its
// threads, of which the stock unit allows few (LimitNPROC=10).
func Entry()

// startStack is where the kernel left the arguments: their number, a pointer to
// each and nil, a pointer to each variable of the environment and nil (System V
// ABI, AMD64 supplement 3.4.1; the same on arm64). Entry sets it.
var startStack unsafe.Pointer

// noGoroutine stands in for the goroutine whose stack's end compiled code compares
// the stack pointer with at each call: an end at 0 is never reached, and the
// kernel lets the stack of the process grow.
var noGoroutine [64]uintptr

// earlyCode is how Entry finds early in the calling convention of Go code.
var earlyCode = early

// Linters do not read assembly, where these are used.
var _, _ = noGoroutine, earlyCode

// early runs on the kernel's stack, with nothing of Go initialised but what
// stands in the file.
func early() {
	keepFromDebuggers()
	occupyStandardError()
	p := started(startStack)
	if p.entry(job.ScriptType) == nil {
		return
	}
	earlyCall = p.run()
	left = &earlyCall
}

var earlyCall Call

func started(stack unsafe.Pointer) process {
	const word = unsafe.Sizeof(uintptr(0))
	args := unsafe.Slice((**byte)(unsafe.Add(stack, word)), *(*uintptr)(stack))
	first := unsafe.Add(stack, word*uintptr(2+len(args)))
	n := 0
	for *(**byte)(unsafe.Add(first, word*uintptr(n))) != nil {
		n++
	}
	return process{args: args, env: unsafe.Slice((**byte)(first), n), early: true}
}
