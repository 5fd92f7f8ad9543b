// Go's runtime would keep a goroutine, and a thread for it, that watches the CPU
// limits; commands are short, and the worker is told how many processors it may use.

//go:debug updatemaxprocs=0

// Samba gives every second authority that it makes for itself a negative serial
// number, which RFC 5280 section 4.1.2.2 asks us to handle all the same.

//go:debug x509negativeserial=1

// Command ovpn-verify checks OpenVPN logins against LDAP, RADIUS or a users file
// and a second factor. OpenVPN runs it for every login; administrators run its
// commands by hand.
package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/alecthomas/kong"

	"ovpn-verify/verify/front"
)

// Exit statuses of the commands. With script_type set none of them is used:
// then front and decideInsideCall speak for the process.
const (
	exitOK        = 0
	exitProblem   = 1
	exitUndecided = 3
)

// grammar is what administrators can type. Each command has a file.
type grammar struct {
	Config configFlag `help:"Configuration file (or OVPN_VERIFY_CONFIG)." env:"OVPN_VERIFY_CONFIG" default:"/etc/ovpn-verify/config.toml" placeholder:"FILE"`

	Check   checkCommand   `cmd:"" help:"Try one login by hand, step by step."`
	Conf    configCommand  `cmd:"" name:"config" help:"Check, show or start a configuration."`
	Totp    totpCommand    `cmd:"" name:"totp" help:"Enrol users for time-based codes."`
	User    userCommand    `cmd:"" help:"Keep the users file."`
	Unlock  unlockCommand  `cmd:"" help:"Forget a user's or an address's failed attempts."`
	Status  statusCommand  `cmd:"" help:"Tell what workers and servers do, what logins came to, and who is locked out."`
	State   stateCommand   `cmd:"" name:"state" help:"Check and back up what outlives a login."`
	Doctor  doctorCommand  `cmd:"" help:"Look for what would go wrong with logins on this host, and how to mend it."`
	Version versionCommand `cmd:"" help:"Show version, commit and Go."`
	Worker  workerCommand  `cmd:"" hidden:""`
}

func main() { os.Exit(run()) }

// run is the one place from which an exit status comes, front's own apart.
func run() (status int) {
	defer func() {
		if value := recover(); value != nil {
			// The value may quote what was typed; its type does not.
			fmt.Fprintf(os.Stderr, "ovpn-verify: internal error (%T)\n", value)
			status = exitProblem
		}
	}()
	if front.CalledByOpenVPN() {
		return decideInsideCall(front.Run(os.Args, os.Environ()))
	}
	if cmd, config, ok := workerCall(os.Args[1:]); ok {
		return report(cmd.Run(&config))
	}
	return runCommand(os.Args[1:])
}

func newParser(g *grammar, options ...kong.Option) *kong.Kong {
	return kong.Must(g, append(options, kong.Name("ovpn-verify"),
		kong.Description("Checks OpenVPN logins in the background: LDAP, RADIUS or a users file, and a second factor."))...)
}

func runCommand(args []string) int {
	var g grammar
	usage := kong.ShortUsageOnError()
	if len(args) == 0 {
		usage = kong.UsageOnError()
	}
	parser := newParser(&g, usage)
	command, err := parser.Parse(asMeant(args))
	parser.FatalIfErrorf(err) // exits 80
	return report(command.Run(&g.Config))
}

// asMeant takes what people try first: `help`, `help COMMAND` and `--version`. Nothing
// at all stays a wrong command line: a script that calls this program for OpenVPN and
// loses environment and arguments must not exit 0.
func asMeant(args []string) []string {
	switch {
	case len(args) > 0 && args[0] == "help":
		return append(args[1:len(args):len(args)], "--help")
	case len(args) == 1 && args[0] == "--version":
		return []string{"version"}
	}
	return args
}

// report shows an error with its hint and returns the exit status that it carries.
func report(err error) int {
	if err == nil {
		return exitOK
	}
	status := exitProblem
	if s, ok := errors.AsType[*statusError](err); ok {
		status = s.status
	}
	style := styleOf(os.Stderr)
	if text := err.Error(); text != "" {
		fmt.Fprintln(os.Stderr, style.red("error:"), shownLines(text))
	}
	if h, ok := errors.AsType[*hintError](err); ok {
		fmt.Fprintln(os.Stderr, style.bold("hint:"), shown(h.hint))
	} else if errors.Is(err, fs.ErrPermission) && os.Geteuid() != 0 {
		fmt.Fprintln(os.Stderr, style.bold("hint:"), "run it as root, or as the user that OpenVPN runs as")
	}
	return status
}

// statusError carries an exit status; without an error it is silent.
type statusError struct {
	status int
	err    error
}

func (e *statusError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *statusError) Unwrap() error { return e.err }

// hintError adds what the administrator can do about it.
type hintError struct {
	error
	hint string
}

func (e *hintError) Unwrap() error { return e.error }
