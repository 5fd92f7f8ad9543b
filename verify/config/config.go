// Package config reads the configuration: strict TOML, in which every fault of
// a file is reported in one run, with its line and what is allowed.
package config

import (
	"errors"
	"fmt"
	"runtime"
	"time"

	"ovpn-verify/backends/file"
	"ovpn-verify/backends/ldap"
	"ovpn-verify/backends/radius"
	"ovpn-verify/verify"
	"ovpn-verify/verify/logging"
	"ovpn-verify/verify/status"
)

// Config is the whole file. Each section is declared beside the code that uses
// it. Paths are absolute after Load.
type Config struct {
	Login   verify.LoginConfig   `toml:"login"`
	File    file.Config          `toml:"file"`
	LDAP    ldap.Config          `toml:"ldap"`
	RADIUS  radius.Config        `toml:"radius"`
	TOTP    verify.TOTPConfig    `toml:"totp"`
	Limits  verify.LimitsConfig  `toml:"limits"`
	Session verify.SessionConfig `toml:"session"`
	State   StateConfig          `toml:"state"`
	Worker  WorkerConfig         `toml:"worker"`
	Log     logging.Config       `toml:"log"`
	Metrics status.Config        `toml:"metrics"`
}

// StateConfig is the section [state].
type StateConfig struct {
	Path    string `toml:"path" path:"data"`     // of the database
	KeyFile string `toml:"key_file" path:"data"` // encrypts enrolled secrets; empty: state.path with .key behind it
}

// WorkerConfig is the section [worker].
type WorkerConfig struct {
	Linger        time.Duration `toml:"linger"`         // after the last login; 0: one worker for each
	MaxConcurrent int           `toml:"max_concurrent"` // backend checks at once
	MaxPending    int           `toml:"max_pending"`    // logins at once
	User          string        `toml:"user"`           // name or number; what a worker of root becomes
}

// Default is the configuration where a file says nothing.
func Default() Config {
	return Config{
		Login: verify.DefaultLoginConfig(),
		File:  file.DefaultConfig(), LDAP: ldap.DefaultConfig(), RADIUS: radius.DefaultConfig(),
		TOTP:   verify.DefaultTOTPConfig(),
		Limits: verify.DefaultLimitsConfig(), Session: verify.DefaultSessionConfig(),
		State:  StateConfig{Path: "/var/lib/ovpn-verify/state.db"},
		Worker: WorkerConfig{Linger: time.Minute, MaxConcurrent: 2048, MaxPending: 4096},
		Log:    logging.DefaultConfig(),
	}
}

// validate joins the faults of the sections in use.
func (c Config) validate() error {
	faults := []error{c.Login.Validate(), c.TOTP.Validate(), c.Limits.Validate(), c.Session.Validate(), c.Worker.validate(), c.Log.Validate(), c.Metrics.Validate()}
	if c.State.Path == "" {
		faults = append(faults, errors.New("state.path must name the database, not be empty"))
	}
	switch c.Login.Backend {
	case "file":
		faults = append(faults, c.File.Validate())
	case "ldap":
		faults = append(faults, c.LDAP.Validate())
	case "radius":
		faults = append(faults, c.RADIUS.Validate(), c.radiusWithUnenrolled(), c.codeForTwo())
	}
	return errors.Join(faults...)
}

// radiusWithUnenrolled: a RADIUS server may know one user by many spellings
// (ada, DOMAIN\ada, ada@domain) and does not tell which are the same. A second
// factor that those without a secret may leave out is then none at all.
func (c Config) radiusWithUnenrolled() error {
	if c.Login.SecondFactor == "totp" && c.TOTP.Unenrolled == "allow" {
		return errors.New(`totp.unenrolled must be "refuse" with login.backend = "radius": ` +
			`the server may accept another spelling of an enrolled user's name`)
	}
	return nil
}

// codeForTwo: a code that is checked here is not passed on.
func (c Config) codeForTwo() error {
	if c.Login.SecondFactor == "totp" && c.RADIUS.TakesCode() {
		return fmt.Errorf("radius.password_format must do without {code} with login.second_factor = \"totp\", "+
			"which checks the code here, not be %q", c.RADIUS.PasswordFormat)
	}
	return nil
}

func (c WorkerConfig) validate() error {
	var faults []error
	if c.Linger < 0 || c.Linger > 24*time.Hour {
		faults = append(faults, fmt.Errorf("worker.linger must be between 0 and 24h, not %v", c.Linger))
	}
	if c.MaxConcurrent < 1 || c.MaxConcurrent > 10000 {
		faults = append(faults, fmt.Errorf("worker.max_concurrent must be between 1 and 10000, not %d", c.MaxConcurrent))
	}
	if c.MaxPending < 1 || c.MaxPending > 100000 {
		faults = append(faults, fmt.Errorf("worker.max_pending must be between 1 and 100000, not %d", c.MaxPending))
	}
	if c.User == "root" || c.User == "0" {
		faults = append(faults, fmt.Errorf("worker.user must be an unprivileged user or empty, not %q", c.User))
	}
	return errors.Join(faults...)
}

// Warnings tells of every weakening that is switched on, and of what this
// system cannot do.
func (c Config) Warnings() []string {
	var warnings []string
	switch c.Login.Backend {
	case "ldap":
		warnings = c.LDAP.Warnings()
	case "radius":
		warnings = c.RADIUS.Warnings()
	}
	if c.Login.SecondFactor == "totp" && c.TOTP.Unenrolled == "allow" {
		warnings = append(warnings, `totp.unenrolled = "allow": users without a secret get in by their password alone`)
	}
	if c.Limits.Failures == 0 {
		warnings = append(warnings, "limits.failures = 0: passwords and codes can be guessed without end")
	}
	if c.Worker.Linger > 0 && runtime.GOOS != "linux" {
		warnings = append(warnings, "worker.linger has no effect on this system: each login gets a worker of its own")
	}
	return warnings
}
