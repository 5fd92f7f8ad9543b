// Package logging writes the log: lines of text or JSON, to standard error or a
// file. It promises that a log that cannot be written does not hold up a login.
package logging

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
)

// Config is the section [log].
type Config struct {
	To     string `toml:"to"`     // "stderr" or the path of a file
	Format string `toml:"format"` // "text" or "json"
}

// DefaultConfig goes to OpenVPN's own log.
func DefaultConfig() Config { return Config{To: "stderr", Format: "text"} }

// Validate reports every fault.
func (c Config) Validate() error {
	var faults []error
	if c.To == "" {
		faults = append(faults, errors.New(`log.to must be "stderr" or the path of a file, not empty`))
	}
	if c.Format != "text" && c.Format != "json" {
		faults = append(faults, fmt.Errorf(`log.format must be "text" or "json", not %q`, c.Format))
	}
	return errors.Join(faults...)
}

// ResolvePath makes a file's path absolute, relative to dir.
func (c *Config) ResolvePath(dir string) {
	if c.To != "" && c.To != "stderr" && !filepath.IsAbs(c.To) {
		c.To = filepath.Join(dir, c.To)
	}
}

// File is the path of the log, empty when it goes to standard error.
func (c Config) File() string {
	if c.To == "stderr" {
		return ""
	}
	return c.To
}

// New returns a logger and a function that waits until what was logged is written.
func New(c Config) (log *slog.Logger, flush func()) {
	var out io.Writer = os.Stderr
	if c.To != "stderr" {
		out = appendTo(c.To)
	}
	q := newQueue(out)
	if c.Format == "json" {
		return slog.New(slog.NewJSONHandler(q, nil)), q.flush
	}
	return slog.New(slog.NewTextHandler(q, nil)), q.flush
}

// appendTo opens the file for each line, so that logrotate may move it away.
type appendTo string

func (path appendTo) Write(line []byte) (int, error) {
	f, err := os.OpenFile(string(path), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o640)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	return f.Write(line)
}
