// Package logging writes the log: lines of text or JSON, to standard error, a file
// or a log service. It promises that a log that cannot be written does not hold up a
// login; what it cannot write goes to standard error.
package logging

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
)

// Config is the section [log].
type Config struct {
	To     string `toml:"to"`     // "stderr", "syslog", syslog+udp://host:port, syslog+tcp://host:port, or the path of a file
	Format string `toml:"format"` // "text" or "json"
}

// DefaultConfig goes to OpenVPN's own log.
func DefaultConfig() Config { return Config{To: toStderr, Format: "text"} }

const toStderr = "stderr"

// Validate reports every fault.
func (c Config) Validate() error {
	var faults []error
	if c.To == "" {
		faults = append(faults, errors.New(`log.to must be "stderr", "syslog" or the path of a file, not empty`))
	}
	if isSyslog(c.To) {
		if _, _, err := parseSyslog(c.To); err != nil {
			faults = append(faults, fmt.Errorf("log.to must be \"stderr\", \"syslog\", a log service or the path of a file, not %q: %w", c.To, err))
		}
	}
	if c.Format != "text" && c.Format != "json" {
		faults = append(faults, fmt.Errorf(`log.format must be "text" or "json", not %q`, c.Format))
	}
	return errors.Join(faults...)
}

// ResolvePath makes a file's path absolute, relative to dir.
func (c *Config) ResolvePath(dir string) {
	if c.File() != "" && !filepath.IsAbs(c.To) {
		c.To = filepath.Join(dir, c.To)
	}
}

// File is the path of the log, empty when it goes elsewhere.
func (c Config) File() string {
	if c.To == toStderr || isSyslog(c.To) {
		return ""
	}
	return c.To
}

// New returns a logger and a function that waits until what was logged is written.
func New(c Config) (log *slog.Logger, flush func()) {
	q := newQueue(c.open(), func(n int64) []byte {
		var line bytes.Buffer
		slog.New(c.handler(&line)).Warn("log", "note", "lines before this one were dropped: the log was too slow", "dropped", n)
		return line.Bytes()
	})
	return slog.New(c.handler(q)), q.flush
}

func (c Config) open() io.Writer {
	switch {
	case c.To == toStderr:
		return os.Stderr
	case isSyslog(c.To):
		return newSyslog(c.To)
	}
	return &logFile{path: c.To}
}

// handler leaves the time out where the log service has its own.
func (c Config) handler(w io.Writer) slog.Handler {
	options := &slog.HandlerOptions{}
	if isSyslog(c.To) {
		options.ReplaceAttr = func(groups []string, a slog.Attr) slog.Attr {
			if len(groups) == 0 && a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}
	}
	if c.Format == "json" {
		return slog.NewJSONHandler(w, options)
	}
	return slog.NewTextHandler(w, options)
}
