// Package front is what OpenVPN waits for: it reads the credentials, opens the
// result files, hands both to a worker and exits. No packet of any tunnel moves
// meanwhile, so it imports syscall and two packages of constants, reads no
// configuration, asks no network and runs in its package's init, before the
// libraries that the worker needs are initialised.
//
// It promises: every path ends in an exit status that lets nobody in, except
// that a login of an OpenVPN that cannot wait is left to main (Run returns).
// From the moment the reason file is open it holds a text for the user.
package front

import (
	"syscall"

	"ovpn-verify/verify/front/job"
)

// Exit statuses as OpenVPN reads them (src/openvpn/ssl_verify.c,
// verify_user_pass_script). A crash of a Go program exits 2 as well, which is
// why the reason file is written before anything that could fail.
const (
	exitRefused  = 1
	exitDeferred = 2
)

const defaultConfig = "/etc/ovpn-verify/config.toml"

// Call is a login that has to be decided before the process exits.
type Call struct {
	Config string // absolute path
	Frame  []byte // as package job defines it
	Reason int    // descriptor of the reason file, -1 when there is none
}

// CalledByOpenVPN tells whether OpenVPN runs this process. Then nothing on the
// command line may lead to exit status 0.
func CalledByOpenVPN() bool {
	_, set := syscall.Getenv("script_type")
	return set
}

func init() {
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
// gave no auth_control_file (2.5 and older), it cannot wait for a verdict, and
// Run returns the call for the caller to decide. args are those of the process.
func Run(args []string) Call {
	defer func() {
		if recover() != nil {
			refuse("internal error")
		}
	}()
	if len(args) > 0 && len(args[0]) > 0 && args[0][0] == '/' {
		firstArgument = args[0]
	}
	files := results{control: -1, reason: openResult("auth_failed_reason_file")}
	leaveReason(files.reason)
	config, credentials := readCall(args)
	if _, deferrable := syscall.Getenv("auth_control_file"); !deferrable {
		return Call{Config: config, Frame: frame(config, credentials, files), Reason: files.reason}
	}
	files.control = openResult("auth_control_file")
	if files.control < 0 {
		refuse("auth_control_file is empty")
	}
	reserve(files.control)
	if !handOver(config, frame(config, credentials, files), files) {
		refuse("no worker can be started")
	}
	syscall.Exit(exitDeferred)
	return Call{}
}

// readCall returns the configuration's path and what the credentials file
// holds, nil without one.
func readCall(args []string) (config string, credentials []byte) {
	if kind, _ := syscall.Getenv("script_type"); kind != "user-pass-verify" {
		refuse("script_type " + quote(kind) + " is not supported, only auth-user-pass-verify is")
	}
	parsed, problem := parseArguments(args)
	if problem != "" {
		refuse(problem)
	}
	config = absolute(parsed.config)
	if parsed.credentials == "" {
		return config, nil
	}
	credentials, err := readFile(parsed.credentials)
	if err != nil {
		refuse("credentials file " + quote(parsed.credentials) + ": " + err.Error())
	}
	return config, credentials
}

// frame passes on what a login needs. The environment's password is read only
// when there is no credentials file (via-env).
func frame(config string, credentials []byte, files results) []byte {
	f := job.New(make([]byte, 0, 4<<10))
	f = job.Append(f, job.Config, config)
	for _, name := range [...]string{"common_name", "untrusted_ip", "untrusted_ip6", "IV_PROTO"} {
		f = appendVariable(f, name)
	}
	if credentials != nil {
		f = job.Append(f, job.Credentials, credentials)
	} else {
		f = appendVariable(appendVariable(f, "username"), "password")
	}
	if files.reason >= 0 {
		f = job.Append(f, job.ReasonFile, "")
	}
	if len(f) > job.MaxFrame {
		refuse("credentials and environment are larger than any client sends")
	}
	return f
}

func appendVariable(f []byte, name string) []byte {
	value, set := syscall.Getenv(name)
	if !set {
		return f
	}
	return job.Append(f, name, value)
}

// refuse ends the process; OpenVPN sends the text in the reason file.
func refuse(problem string) {
	complain("ovpn-verify: login refused: " + problem + "\n")
	syscall.Exit(exitRefused)
}
