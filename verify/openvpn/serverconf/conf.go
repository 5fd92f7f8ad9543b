// Package serverconf reads OpenVPN's server configuration as OpenVPN does, and
// finds in it what would refuse everybody, let in whom it should not, or drop
// users whose login was fine.
//
// Read collects the lines, Judge makes findings of them, Write prints these; each
// knows nothing of what comes after it. Nothing is executed and nothing is
// changed. Of files that stand inline, which may be private keys, nothing is kept.
package serverconf

import (
	"path/filepath"
	"slices"
)

// Place is a line of a file. Line 0 stands for the file as a whole.
type Place struct {
	File string `json:"file"`
	Line int    `json:"line,omitempty"` // from 1
}

// Directive is one line that says something.
type Directive struct {
	Place
	Words []string // the option without "--" or "setenv opt" before it, then its arguments
}

// Name is the option's name.
func (d Directive) Name() string { return d.Words[0] }

// Arg returns argument i, from 1, or "".
func (d Directive) Arg(i int) string {
	if i < len(d.Words) {
		return d.Words[i]
	}
	return ""
}

// Fault is a line that keeps OpenVPN from starting, or that names what was not read.
type Fault struct {
	Place
	Text   string
	Unread bool // OpenVPN may well read it
}

// Conf is a configuration with all files that it includes.
type Conf struct {
	Path       string
	Dir        string // where OpenVPN looks for relative paths once it has read everything
	Directives []Directive
	Faults     []Fault
}

// Within is the configuration as it is with options before and after it on OpenVPN's
// command line.
func (c *Conf) Within(before, after []Directive) *Conf {
	whole := *c
	whole.Directives = slices.Concat(before, c.Directives, after)
	return &whole
}

// Resolve makes a path absolute as OpenVPN does after the last "cd".
func (c *Conf) Resolve(path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(c.Dir, path)
}

// Last returns the last line with this option: it is the one that counts.
func (c *Conf) Last(name string) (Directive, bool) {
	for i := len(c.Directives) - 1; i >= 0; i-- {
		if c.Directives[i].Name() == name {
			return c.Directives[i], true
		}
	}
	return Directive{}, false
}

// Has tells whether one of the options stands there.
func (c *Conf) Has(names ...string) bool {
	for _, name := range names {
		if _, found := c.Last(name); found {
			return true
		}
	}
	return false
}
