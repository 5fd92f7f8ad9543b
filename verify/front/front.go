// Package front is what OpenVPN waits for: it reads the call, opens the result
// files, hands both to a worker and exits. No packet of any tunnel moves
// meanwhile, so it imports syscall and two packages of constants, reads no
// configuration, asks no network and runs in its package's init, before the
// libraries that the worker needs are initialised.
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
// A crash of a Go program exits 2 as well, which is why the reason file is
// written before anything that could fail.
const (
	exitTaken    = 0 // client-connect: look at the deferred file; client-disconnect: noted
	exitRefused  = 1
	exitDeferred = 2 // user-pass-verify alone; else a failure
)

const defaultConfig = "/etc/ovpn-verify/config.toml"

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

func init() {
	keepFromDebuggers()
	if !CalledByOpenVPN() {
		return
	}
	// In a chroot without /proc the arguments are not to be had here; main
	// calls Run again with those of package os.
	if args, ok := commandLine(); ok {
		Run(args)
	}
}

// Run acts for OpenVPN and ends the process, with one exception: when OpenVPN
// named no file for a later answer (2.5 and older for logins, 2.4 for
// client-connect), it cannot wait, and Run returns the call for the caller to
// decide. args are those of the process.
func Run(args []string) Call {
	defer func() {
		if recover() != nil {
			refuse("internal error")
		}
	}()
	if len(args) > 0 && len(args[0]) > 0 && args[0][0] == '/' {
		firstArgument = args[0]
	}
	switch event, _ := syscall.Getenv(job.ScriptType); event {
	case job.ClientConnect:
		return clientConnect(args)
	case job.ClientDisconnect:
		return clientDisconnect(args)
	default:
		return login(event, args)
	}
}

func login(event string, args []string) Call {
	files := results{control: -1, text: openResult("auth_failed_reason_file")}
	leaveReason(files.text)
	if event != job.UserPassVerify {
		refuse("script_type " + quote(event) + " is not supported, only " +
			job.UserPassVerify + ", " + job.ClientConnect + " and " + job.ClientDisconnect + " are")
	}
	_, viaEnv := syscall.Getenv("password")
	config, credentials := readArguments(args, !viaEnv)
	f := credentialFields(loginFrame(config, files), credentials)
	if _, deferrable := syscall.Getenv("auth_control_file"); !deferrable {
		return Call{Config: config, Frame: f, Text: files.text}
	}
	if files.control = openResult("auth_control_file"); files.control < 0 {
		refuse("auth_control_file is empty")
	}
	reserve(files.control)
	finish(config, f, files, exitDeferred)
	return Call{}
}

// finish hands the call over and ends the process.
func finish(config string, frame []byte, files results, status int) {
	if len(frame) > job.MaxFrame {
		refuse("the call is larger than any client makes it")
	}
	if !handOver(config, frame, files) {
		refuse("no worker can be started")
	}
	syscall.Exit(status)
}

// readArguments returns the configuration's path and the file that came with it.
func readArguments(args []string, appended bool) (config, file string) {
	parsed, problem := parseArguments(args, appended)
	if problem != "" {
		refuse(problem)
	}
	return absolute(parsed.config), parsed.file
}

// subject is what refuse says that it refused.
var subject = "login"

// refuse ends the process; of a login OpenVPN sends the text in the reason file.
func refuse(problem string) {
	complain("ovpn-verify: " + subject + " refused: " + problem + "\n")
	syscall.Exit(exitRefused)
}
