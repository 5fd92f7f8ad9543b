package testbed

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"time"
)

// defaultWindow is the least of OpenVPN's hand-window (60 s) and half its
// reneg-sec, both by default.
const defaultWindow = 60 * time.Second

// Call is one login as the daemon hands it to the script, for machines where the
// daemon cannot run and for tests that need many at once. It makes the same files
// and the same environment as OpenVPN 2.6.14 and reads the answer as that does,
// only that it looks at the control file every 10 ms, not at most once a second.
type Call struct {
	Binary   string   // absolute path
	Config   string   // passed as --config; empty: not passed
	Args     []string // further arguments, before the credentials file
	Username string
	Password string

	ViaEnv     bool              // username and password in the environment, no file
	NoDeferral bool              // as OpenVPN 2.5 and older: none of the three result files
	Env        map[string]string // adds to and overrides what the daemon sets; session_state, IV_PROTO, …
	IP         string            // the client's address; empty: 192.0.2.10
	Port       int               // the client's port; 0: 50000
	Window     time.Duration     // how long a verdict counts; 0: 60 s
	Dir        string            // tmp-dir; empty: one made for the call
	Stderr     *os.File          // the daemon's own; nil: it is read into Result.Output
}

// Result is what the daemon makes of a call.
type Result struct {
	Status  int           // exit status; -1 when a signal ended the program
	Blocked time.Duration // how long the daemon stood still, from fork to exit
	Verdict byte          // first byte of the control file, '1' or '0'; 0 when the window closed first
	Waited  time.Duration // from the exit to the verdict
	Reason  string        // of a login that is not accepted: what the client gets after "AUTH_FAILED,"
	Pending string        // what was in auth_pending_file at the exit: seconds, method and prompt, a line each
	Output  string        // stdout and stderr
}

// Accepted tells whether the daemon lets the user in.
func (r Result) Accepted() bool { return r.Status == 0 || r.Status == 2 && r.Verdict == '1' }

// Event is what the user's client makes of the result.
func (r Result) Event() Event {
	e := Event{Kind: Connected}
	if !r.Accepted() {
		e = failure(r.Reason)
	}
	e.Took = r.Blocked + r.Waited
	return e
}

// Run makes the call and waits for its verdict.
func (c Call) Run(ctx context.Context) (Result, error) {
	d, err := c.Start(ctx)
	if err != nil {
		return Result{}, err
	}
	return d.Wait(ctx)
}

// Start makes the call and returns when the program has ended, as the daemon
// goes on with other packets then. Every started call has to be waited for. The
// program is killed when ctx ends before it does.
func (c Call) Start(ctx context.Context) (*Deferred, error) {
	d, err := c.begin()
	if err != nil {
		return nil, err
	}
	if err := c.call(ctx, d); err != nil {
		d.clean()
		return nil, fmt.Errorf("testbed: %w", err)
	}
	return d, nil
}

// begin makes the folder of a call that has none.
func (c *Call) begin() (*Deferred, error) {
	d := &Deferred{window: c.Window, clean: func() {}}
	if d.window == 0 {
		d.window = defaultWindow
	}
	if c.Dir == "" {
		dir, err := os.MkdirTemp("", "openvpn-call-")
		if err != nil {
			return nil, fmt.Errorf("testbed: %w", err)
		}
		c.Dir, d.clean = dir, func() { os.RemoveAll(dir) }
	}
	return d, nil
}

// arguments are those that stand in server.conf.
func (c Call) arguments() []string {
	if c.Config == "" {
		return slices.Clone(c.Args)
	}
	return append([]string{"--config", c.Config}, c.Args...)
}

func (c Call) call(ctx context.Context, d *Deferred) error {
	if !c.NoDeferral {
		if err := d.files.create(c.Dir); err != nil {
			return err
		}
	}
	args := c.arguments()
	if !c.ViaEnv {
		credentials, err := createTemp(c.Dir, "up", c.Username+"\n"+c.Password+"\n")
		if err != nil {
			return err
		}
		defer os.Remove(credentials)
		args = append(args, credentials)
	}
	if err := c.run(ctx, d, args, c.environment(d.files)); err != nil {
		return err
	}
	d.result.Pending = readText(d.files.pending)
	return d.files.remove(d.files.pending) // read once, right after the exit
}

// run is the time for which the daemon stands still.
func (c Call) run(ctx context.Context, d *Deferred, args, env []string) (err error) {
	if d.output, err = createTemp(c.Dir, "out", ""); err != nil {
		return err
	}
	// A file, not a pipe: a worker that keeps it open must not hold the call up.
	out, err := os.OpenFile(d.output, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	defer out.Close()
	cmd := exec.CommandContext(ctx, c.Binary, args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = c.Dir, env, out, out
	if c.Stderr != nil {
		cmd.Stderr = c.Stderr
	}
	began := time.Now()
	err = cmd.Run()
	if cmd.ProcessState == nil {
		return err
	}
	d.ended = time.Now()
	d.result = Result{Status: cmd.ProcessState.ExitCode(), Blocked: d.ended.Sub(began)}
	return nil
}
