package front

import (
	"syscall"
	"unsafe"
)

// process is what the kernel started, as execve(2) delivers it: texts that end in NUL.
type process struct {
	args, env []*byte
	early     bool // Go's runtime has not started
	detached  bool // OpenVPN has gone on
}

// newProcess is a process with the arguments and environment of a Go program. It
// is not ok with a text that holds a NUL.
func newProcess(args, env []string) (p process, ok bool) {
	argPointers, err := syscall.SlicePtrFromStrings(args)
	envPointers, err2 := syscall.SlicePtrFromStrings(env)
	if err != nil || err2 != nil {
		return process{}, false
	}
	return process{args: argPointers[:len(args)], env: envPointers[:len(env)]}, true
}

// argument returns an empty text where there is none.
func (p *process) argument(i int) string {
	if i >= len(p.args) {
		return ""
	}
	return text(p.args[i])
}

// lookup returns a variable of the environment.
func (p *process) lookup(name string) (value string, set bool) {
	if entry := p.entry(name); entry != nil {
		return text(entry)[len(name)+1:], true
	}
	return "", false
}

func (p *process) value(name string) string {
	value, _ := p.lookup(name)
	return value
}

// entry is the whole of NAME=VALUE, nil where the variable is not set.
func (p *process) entry(name string) *byte {
	for _, entry := range p.env {
		if begins(entry, name) {
			return entry
		}
	}
	return nil
}

// begins tells whether the entry is the variable's. It reads no further than the
// first byte that differs, and so never behind the NUL.
func begins(entry *byte, name string) bool {
	for i := range len(name) {
		if at(entry, i) != name[i] {
			return false
		}
	}
	return at(entry, len(name)) == '='
}

func at(p *byte, i int) byte { return *(*byte)(unsafe.Add(unsafe.Pointer(p), i)) }

// text is the same bytes as a string, without the NUL.
func text(p *byte) string {
	n := 0
	for at(p, n) != 0 {
		n++
	}
	return unsafe.String(p, n)
}
