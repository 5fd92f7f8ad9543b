// Package file checks passwords against a users file: a TOML table of names
// and argon2id hashes, kept by `ovpn-verify user`.
package file

import "errors"

// Config is the section [file].
type Config struct {
	Path string `toml:"path" path:"replaced"` // of the users file
}

// DefaultConfig puts the users file beside the configuration.
func DefaultConfig() Config { return Config{Path: "users.toml"} }

// Validate reports every fault.
func (c Config) Validate() error {
	if c.Path == "" {
		return errors.New("file.path must name the users file, not be empty")
	}
	return nil
}
