package config

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

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
	return parse(path, content)
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
		return Config{}, syntaxFault(path, err)
	}
	index := indexLines(content)
	c := Default()
	faults := decode(&c, tree)
	c.resolvePaths(filepath.Dir(path))
	c.LDAP = c.LDAP.Resolved()
	faults = addOtherKeys(faults, split(c.validate()))
	if len(faults) > 0 {
		return Config{}, index.locate(path, faults)
	}
	return c, nil
}

// addOtherKeys leaves out rules about values that could not be read.
func addOtherKeys(faults, rules []error) []error {
	unread := map[string]bool{}
	for _, f := range faults {
		unread[keyIn(f)] = true
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
	return key
}

// syntaxFault is alone: what is not TOML cannot be looked at further. It shows
// the place, not the line, which may hold a secret put there by mistake.
func syntaxFault(path string, err error) error {
	decode, ok := errors.AsType[*toml.DecodeError](err)
	if !ok {
		return fmt.Errorf("%s: not TOML: %w", path, err)
	}
	line, column := decode.Position()
	return fmt.Errorf("%s:%d:%d: not TOML: %s", path, line, column, strings.TrimPrefix(decode.Error(), "toml: "))
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

// locate puts file and line before each fault, by the key that it begins with,
// in the order of lines.
func (x lineIndex) locate(path string, faults []error) error {
	slices.SortStableFunc(faults, func(a, b error) int { return x.line(a) - x.line(b) })
	located := make([]error, len(faults))
	for i, f := range faults {
		if line := x.line(f); line > 0 {
			located[i] = fmt.Errorf("%s:%d: %w", path, line, f)
		} else {
			located[i] = fmt.Errorf("%s: %w", path, f)
		}
	}
	return errors.Join(located...)
}

// line of the key that the fault begins with, or of its section, or 0.
func (x lineIndex) line(fault error) int {
	key := keyIn(fault)
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
