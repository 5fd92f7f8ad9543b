package testbed

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"time"
)

// SessionResult is what the daemon makes of a client-connect or client-disconnect.
type SessionResult struct {
	Status     int           // exit status; -1 when a signal ended the program
	Blocked    time.Duration // how long the daemon stood still, from fork to exit
	Deferred   bool          // '2' stood in the deferred file at the exit
	Waited     time.Duration // from the exit to the answer
	Connected  bool          // the session begins; false as well when the window closed first
	Directives string        // for the client that connects
	Output     string        // stdout and stderr
}

// Connect makes the call that follows an accepted login, and reads the answer as
// src/openvpn/multi.c does (multi_client_connect_call_script and
// multi_client_connect_script_deferred): another exit status than 0 refuses, only
// a '2' defers, and the directive "disable" refuses, too. With NoDeferral it is
// OpenVPN 2.4, which names the file for the directives as the argument alone.
func (c Call) Connect(ctx context.Context) (SessionResult, error) {
	d, err := c.begin()
	if err != nil {
		return SessionResult{}, err
	}
	defer d.clean()
	env := c.sessionEnvironment("client-connect")
	config, err := createTemp(c.Dir, "cc", "")
	if err != nil {
		return SessionResult{}, fmt.Errorf("testbed: %w", err)
	}
	deferred := ""
	if !c.NoDeferral {
		if deferred, err = createTemp(c.Dir, "ccr", ""); err != nil {
			return SessionResult{}, fmt.Errorf("testbed: %w", err)
		}
		env["client_connect_config_file"], env["client_connect_deferred_file"] = config, deferred
	}
	r, err := c.session(ctx, d, append(c.arguments(), config), env)
	if err == nil && r.Status == 0 {
		err = d.connected(ctx, &r, config, deferred)
	}
	return r, errors.Join(err, d.files.remove(config, deferred, d.output))
}

// disabled is the directive that keeps a client out.
var disabled = regexp.MustCompile(`(?m)^\s*disable\s*$`)

func (d *Deferred) connected(ctx context.Context, r *SessionResult, config, deferred string) (err error) {
	r.Connected = true
	if text := readText(deferred); text != "" && text[0] == '2' {
		r.Deferred = true
		verdict, waitErr := d.waitForByte(ctx, deferred)
		r.Connected, err = verdict == '1', waitErr
		r.Waited = time.Since(d.ended)
	}
	r.Directives = readText(config)
	r.Connected = r.Connected && !disabled.MatchString(r.Directives)
	return err
}

// Disconnect makes the call that follows the end of a session.
func (c Call) Disconnect(ctx context.Context) (SessionResult, error) {
	d, err := c.begin()
	if err != nil {
		return SessionResult{}, err
	}
	defer d.clean()
	r, err := c.session(ctx, d, c.arguments(), c.sessionEnvironment("client-disconnect"))
	return r, errors.Join(err, os.Remove(d.output))
}

func (c Call) session(ctx context.Context, d *Deferred, args []string, env map[string]string) (SessionResult, error) {
	if err := c.run(ctx, d, args, c.environ(env)); err != nil {
		return SessionResult{}, fmt.Errorf("testbed: %w", err)
	}
	return SessionResult{Status: d.result.Status, Blocked: d.result.Blocked, Output: readText(d.output)}, nil
}

// sessionEnvironment has no password in it, also with via-env, and what the login
// had of its result files names none that exist.
func (c Call) sessionEnvironment(event string) map[string]string {
	env := c.clientEnvironment()
	maps.Copy(env, map[string]string{
		"script_type": event, "common_name": c.Username,
		"trusted_ip": env["untrusted_ip"], "trusted_port": env["untrusted_port"],
		"auth_control_file": "/nonexistent/acf", "auth_failed_reason_file": "/nonexistent/afr",
		"auth_pending_file": "/nonexistent/apf",
	})
	return env
}
