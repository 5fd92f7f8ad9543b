package config

import (
	"fmt"
	"strings"

	"ovpn-verify/verify/harden"
	"ovpn-verify/verify/secret"
)

// uses are the kinds of the tag path: a key that has it is known to everything
// that looks after the files of a configuration.
var uses = map[string]harden.Use{"input": harden.Read, "replaced": harden.ReadAgain, "data": harden.Keep, "output": harden.Replace}

// Files are what the service needs while it runs: those of the backend in use,
// the state and the log. The configuration itself is not among them.
func (c Config) Files() []harden.File {
	var files []harden.File
	eachPath(&c, func(key, kind string, path *string) {
		section, _, _ := strings.Cut(key, ".")
		if *path != "" && (section == c.Login.Backend || !isBackend(section)) {
			files = append(files, harden.File{Key: key, Path: *path, Use: uses[kind]})
		}
	})
	if path := c.Log.File(); path != "" {
		files = append(files, harden.File{Key: "log.to", Path: path, Use: harden.Append})
	}
	return files
}

// SystemRoots tells whether the backend in use may ask the system whom to trust.
func (c Config) SystemRoots() bool {
	switch c.Login.Backend {
	case "ldap":
		return c.LDAP.CAFile == ""
	case "radius":
		return c.RADIUS.CAFile == "" && c.RADIUS.OverTLS()
	}
	return false
}

// isBackend tells the sections of which one is in use.
func isBackend(section string) bool {
	return section == "file" || section == "ldap" || section == "radius"
}

// Inputs are the files the service was made from; when one changes, it has to
// be made anew.
func (c Config) Inputs() []string {
	var inputs []string
	for _, f := range c.Files() {
		if f.Use == harden.Read {
			inputs = append(inputs, f.Path)
		}
	}
	return inputs
}

// Fingerprint tells one state of the inputs from another.
func Fingerprint(inputs []string) string {
	var b strings.Builder
	for _, path := range inputs {
		version, err := secret.Version(path)
		if err != nil {
			version = "gone"
		}
		fmt.Fprintf(&b, "%s %s\n", path, version)
	}
	return b.String()
}
