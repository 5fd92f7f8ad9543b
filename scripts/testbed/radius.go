package testbed

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// RadiusSecret is shared with every client of Radius.
const RadiusSecret = "testing123"

// RadiusUser is somebody whom Radius knows.
type RadiusUser struct {
	Name, Password string
	Rounds         []RadiusRound // challenges after the password
}

// RadiusRound is one Access-Challenge and its right answer.
type RadiusRound struct {
	Prompt string // Reply-Message
	Echo   bool   // Prompt attribute
	Answer string
}

// RadiusUsers are the users there: one with a password alone, one with one
// challenge, one with two.
var RadiusUsers = []RadiusUser{
	{Name: "ada", Password: "lovelace-1815"},
	{Name: "carol", Password: "carol secret", Rounds: []RadiusRound{
		{Prompt: "Enter the code from your token", Answer: "246810"},
	}},
	{Name: "dave", Password: "dave secret", Rounds: []RadiusRound{
		{Prompt: "Enter the code we sent you", Echo: true, Answer: "111222"},
		{Prompt: "Now your PIN", Answer: "9876"},
	}},
}

// RadiusOptions says how the server behaves.
type RadiusOptions struct {
	NoMessageAuthenticator bool   // answers do not carry one, as before CVE-2024-3596
	Users                  string // more lines of the users file, before RadiusUsers
	// RadSec has it listen over TLS as well, on the port of Addr in TCP, with the
	// secret "radsec". Clients have to show a certificate of the same CA.
	RadSec   *Files
	Standard bool // listen on 1812 and 1813, in a network's namespace
}

// Radius is a FreeRADIUS server: PAP, CHAP and MS-CHAP for users without challenges,
// PAP for the others; accounting is accepted.
type Radius struct {
	Addr    string // 127.0.0.1:port for authentication
	Acct    string // for accounting
	LogPath string // one line for each decision
	arrived string

	command func() *exec.Cmd
	process *process
}

// StartRadius starts a server on the loopback of the server's namespace.
func (n *Network) StartRadius(o RadiusOptions) (*Radius, error) {
	i := n.next()
	dir := n.Path(fmt.Sprintf("radius%d", i))
	port, acct := 18120+2*i, 18121+2*i
	if o.Standard {
		port, acct = 1812, 1813
	}
	r, err := startRadius(dir, port, acct, o, func(args ...string) *exec.Cmd {
		return n.Command(context.Background(), n.ServerNS, "freeradius", args...)
	})
	if r != nil {
		n.atClose(r.Stop, r.LogPath)
	}
	return r, err
}

// StartRadiusHere starts a server on free ports of the host's own loopback,
// without namespaces. Its files are in dir; the caller stops it.
func StartRadiusHere(dir string, o RadiusOptions) (*Radius, error) {
	ports, err := freePorts("udp", 2)
	if err != nil {
		return nil, err
	}
	r, err := startRadius(filepath.Join(dir, "radius"), ports[0], ports[1], o, func(args ...string) *exec.Cmd {
		return exec.Command("freeradius", args...)
	})
	if err != nil && r != nil {
		err = errors.Join(err, r.Stop())
	}
	return r, err
}

func startRadius(dir string, port, acct int, o RadiusOptions, command func(...string) *exec.Cmd) (*Radius, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("freeradius: %w", err)
	}
	err := errors.Join(
		os.WriteFile(filepath.Join(dir, "testbed.conf"), []byte(radiusConfig(dir, port, acct, o)), 0o600),
		os.WriteFile(filepath.Join(dir, "users"), []byte(o.Users+radiusPasswords()), 0o600))
	if err != nil {
		return nil, fmt.Errorf("freeradius: %w", err)
	}
	r := &Radius{
		Addr: fmt.Sprintf("127.0.0.1:%d", port), Acct: fmt.Sprintf("127.0.0.1:%d", acct),
		LogPath: filepath.Join(dir, "log"), arrived: filepath.Join(dir, "detail"),
		command: func() *exec.Cmd { return command("-d", dir, "-n", "testbed", "-f", "-l", "stdout") },
	}
	return r, r.Start()
}

// Start starts the server again after Stop, on the same ports, and waits until
// it takes requests.
func (r *Radius) Start() error {
	if err := os.WriteFile(r.LogPath, nil, 0o644); err != nil { // an old "Ready" would count
		return fmt.Errorf("freeradius: %w", err)
	}
	var err error
	if r.process, err = spawn(r.command(), r.LogPath); err != nil {
		return fmt.Errorf("freeradius: %w", err)
	}
	_, err = r.process.waitLog(radiusReady, startTimeout)
	return err
}

// Stop ends the server: its ports are unreachable.
func (r *Radius) Stop() error {
	if r.process == nil {
		return nil
	}
	_ = r.Resume()
	return r.process.stop()
}

// Pause freezes the server: requests are received and not answered until Resume.
func (r *Radius) Pause() error { return r.process.cmd.Process.Signal(syscall.SIGSTOP) }

// Resume lets a paused server go on.
func (r *Radius) Resume() error { return r.process.cmd.Process.Signal(syscall.SIGCONT) }

// Used is what the server that runs has had of the processors.
func (r *Radius) Used() time.Duration { return Used(r.process.cmd.Process.Pid) }

// Log is the server's log since its last start.
func (r *Radius) Log() string { return readText(r.LogPath) }

// Arrived is each Access-Request that was looked at, as rlm_detail(5) writes it:
// an attribute a line, without the password. A packet that came again is not in it twice.
func (r *Radius) Arrived() string { return readText(r.arrived) }

// radiusPasswords is the file of users without challenges.
func radiusPasswords() string {
	var b strings.Builder
	for _, u := range RadiusUsers {
		if len(u.Rounds) == 0 {
			fmt.Fprintf(&b, "%s Cleartext-Password := %q\n", u.Name, u.Password)
		}
	}
	return b.String()
}
