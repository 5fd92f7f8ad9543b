package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"

	"ovpn-verify/verify/secret"
)

// maxFile bounds a configuration in bytes.
const maxFile = 1 << 20

// Load reads and checks the file at path. The error lists every fault, one a
// line, each with file and line where there is one. A file that others may
// write is refused.
func Load(path string) (Config, error) {
	content, err := read(path)
	if err != nil {
		return Config{}, fmt.Errorf("config: %w", err)
	}
	// Some editors put a byte order mark before text. It says nothing (RFC 3629 section 6).
	return parse(path, bytes.TrimPrefix(content, []byte("\ufeff")))
}

func read(path string) ([]byte, error) {
	f, err := secret.OpenPublic(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(content) > maxFile {
		err = fmt.Errorf("%s is larger than %d bytes", path, maxFile)
	}
	return content, err
}

func parse(path string, content []byte) (Config, error) {
	var tree map[string]any
	if err := toml.Unmarshal(content, &tree); err != nil {
		return Config{}, syntaxFault(path, content, err)
	}
	index := indexLines(content)
	c := Default()
	faults := decode(&c, tree)
	c.resolvePaths(filepath.Dir(path))
	c.LDAP = c.LDAP.Resolved()
	faults = addOtherKeys(faults, split(c.validate()))
	if len(faults) > 0 {
		return Config{}, index.locate(path, content, faults)
	}
	return c, nil
}

// addOtherKeys leaves out rules about values that could not be read.
func addOtherKeys(faults, rules []error) []error {
	unread := map[string]bool{}
	for _, f := range faults {
		unread[keyIn(f)] = true
		if u, unknown := errors.AsType[*unknownKey](f); unknown { // the key that it was meant to be
			section, _, _ := strings.Cut(keyIn(f), ".")
			unread[section+"."+u.suggestion] = true
		}
	}
	for _, r := range rules {
		if !unread[keyIn(r)] {
			faults = append(faults, r)
		}
	}
	return faults
}

// keyIn is the key that a fault begins with, as every fault does.
func keyIn(fault error) string {
	key, _, _ := strings.Cut(fault.Error(), " ")
	return strings.TrimSuffix(key, ":")
}

// syntaxFault is alone: what is not TOML cannot be looked at further. Of the line
// it shows the key, since the rest may be a secret put there by mistake.
func syntaxFault(path string, content []byte, err error) error {
	decode, ok := errors.AsType[*toml.DecodeError](err)
	if !ok {
		return &Fault{Path: path, Text: "not TOML: " + err.Error()}
	}
	line, column := decode.Position()
	f := &Fault{Path: path, Line: line, Column: column, Text: "not TOML: " + strings.TrimPrefix(decode.Error(), "toml: ")}
	if unquoted(content, line, column) {
		f.Text = `not TOML: text stands between straight double quotes: key = "text"`
	}
	if lines := strings.Split(string(content), "\n"); line >= 1 && line <= len(lines) && strings.Contains(lines[line-1], "=") {
		f.line = showable(lines[line-1], true)
	}
	return f
}

// unquoted tells of a value, the commonest fault, that is text without quotes, or with
// those of a word processor. The library takes it for a misspelt true, false or date.
func unquoted(content []byte, line, column int) bool {
	lines := bytes.Split(content, []byte("\n"))
	if line < 1 || line > len(lines) {
		return false
	}
	before, value, found := bytes.Cut(lines[line-1], []byte("="))
	value = bytes.TrimSpace(value)
	if !found || column <= len(before) || len(value) == 0 {
		return false
	}
	first, _ := utf8.DecodeRune(value)
	return unicode.IsLetter(first) || first == '/' || strings.ContainsRune("\u201c\u201d\u201e\u2018\u2019\u00ab\u00bb\u0060", first)
}

// split takes joined errors apart.
func split(err error) []error {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var all []error
	for _, e := range joined.Unwrap() {
		all = append(all, split(e)...)
	}
	return all
}

// line of the key that the fault begins with, or of its section, or 0.
func (x lineIndex) line(fault error) int { return x.lineOf(keyIn(fault)) }

func (x lineIndex) lineOf(key string) int {
	if line, ok := x[key]; ok {
		return line
	}
	section, _, _ := strings.Cut(key, ".")
	return x[section]
}

func (c *Config) resolvePaths(dir string) {
	if c.State.KeyFile == "" && c.State.Path != "" {
		c.State.KeyFile = c.State.Path + ".key"
	}
	eachPath(c, func(_, _ string, path *string) {
		if *path != "" && !filepath.IsAbs(*path) {
			*path = filepath.Join(dir, *path)
		}
	})
	c.Log.ResolvePath(dir)
}
