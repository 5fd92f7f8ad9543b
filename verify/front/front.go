// Package front is what OpenVPN waits for: it reads the call, opens the result
// files, hands both to a worker and exits. No packet of any tunnel moves
// meanwhile, so it reads no configuration, asks no network, and on Linux (amd64,
// arm64) it is done before Go's runtime starts: see entry.go. That forbids whatever
// needs the runtime (allocation, maps, interfaces, closures, defer, goroutines,
// most of package syscall); TestFrontNeedsNoRuntime holds it. Elsewhere the same
// code runs first thing in main.
//
// OpenVPN does not even wait until a worker has the call: see detach.go.
//
// It promises: every path ends in an exit status that lets nobody in, with two
// exceptions: a client-connect that a worker has taken, and a call of an OpenVPN
// that cannot wait, which is left to main (Run returns). From the moment the
// reason file is open it holds a text for the user.
package front

import (
	"syscall"

	"ovpn-verify/verify/front/job"
)

// Exit statuses as OpenVPN reads them (src/openvpn/ssl_verify.c,
// verify_user_pass_script; src/openvpn/multi.c, multi_client_connect_call_script).
// A crash before the runtime ends the process by a signal, which is a refusal.
// One of a Go program exits 2, which is why the reason file is written before
// anything that could fail.
const (
	exitTaken    = 0 // client-connect: look at the deferred file; client-disconnect: noted
	exitRefused  = 1
	exitDeferred = 2 // user-pass-verify alone; else a failure
)

const defaultConfig = "/etc/ovpn-verify/config.toml"

// errno is the kernel's error number, 0 without one.
type errno = syscall.Errno

// Call has to be worked on before the process exits.
type Call struct {
	Config string // absolute path
	Frame  []byte // as package job defines it
	Text   int    // descriptor of the reason file or the connecting client's configuration, -1 when there is none
}

// CalledByOpenVPN tells whether OpenVPN runs this process. Then nothing on the
// command line may lead to exit status 0.
func CalledByOpenVPN() bool {
	_, set := syscall.Getenv(job.ScriptType)
	return set
}

func init() { keepFromDebuggers() }

// left is the call that front could not leave to a worker before the runtime started.
var left *Call

// Run acts for OpenVPN and ends the process, with one exception: when OpenVPN
// named no file for a later answer (2.5 and older for logins, 2.4 for
// client-connect), it cannot wait, and Run returns the call for the caller to
// decide. args and env are those of the process.
func Run(args, env []string) Call {
	defer func() {
		if recover() != nil {
			refuse(problem{before: "internal error"})
		}
	}()
	if left != nil {
		return *left
	}
	p, ok := newProcess(args, env)
	if !ok {
		refuse(problem{before: "an argument or a variable holds a NUL byte"})
	}
	return p.run()
}

func (p *process) run() Call {
	switch event := p.value(job.ScriptType); event {
	case job.ClientConnect:
		return p.clientConnect()
	case job.ClientDisconnect:
		p.clientDisconnect()
		return Call{}
	default:
		return p.login(event)
	}
}

func (p *process) login(event string) Call {
	files := results{control: -1, text: p.openResult("auth_failed_reason_file")}
	p.leaveReason(files.text)
	if event != job.UserPassVerify {
		refuse(unsupportedEvent(event))
	}
	_, viaEnv := p.lookup("password")
	config, file := p.readArguments(!viaEnv)
	f := p.loginFrame(config, files)
	p.addCredentials(&f, file)
	frame := finished(f)
	if _, deferrable := p.lookup("auth_control_file"); !deferrable {
		return Call{Config: config, Frame: frame, Text: files.text}
	}
	if files.control = p.openResult("auth_control_file"); files.control < 0 {
		refuse(problem{before: "auth_control_file is empty"})
	}
	reserve(files.control)
	p.leaveToWorker(config, frame, files, exitDeferred)
	return Call{}
}

// finished refuses a call that does not fit its frame.
func finished(f job.Frame) []byte {
	frame, ok := f.Bytes()
	if !ok {
		refuse(problem{before: "the call is larger than any client makes it"})
	}
	return frame
}

// leaveToWorker hands the call over and ends the process, without OpenVPN having
// to wait where that can be had.
func (p *process) leaveToWorker(config string, frame []byte, files results, status int) {
	p.detached = p.detach(status)
	p.toWorker(config, frame, files, status)
}

// toWorker hands the call over and ends the process. Where OpenVPN has gone on by
// then, a failure is its answer in the file.
func (p *process) toWorker(config string, frame []byte, files results, status int) {
	if p.handOver(config, frame, files) {
		exit(status)
	}
	if p.detached {
		p.deny(files)
	}
	refuse(problem{before: "no worker can be started"})
}

// readArguments returns the configuration's path and the file that came with it.
func (p *process) readArguments(appended bool) (config, file string) {
	parsed, wrong := p.parseArguments(appended)
	if wrong.before != "" {
		refuse(wrong)
	}
	return absolute(parsed.config), parsed.file
}
