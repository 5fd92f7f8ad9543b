// Package secret holds passwords, codes and keys in a type that cannot be
// printed, and reads them from files that only the right people may touch.
package secret

import (
	"crypto/subtle"
	"fmt"
	"log/slog"
)

const redacted = "[redacted]"

// Text is a password, code or key. However it is printed it shows "[redacted]",
// also as an unexported field, through a pointer or with %x: fmt prints a func
// as an address and cannot follow it. Reveal is the one way to the bytes, so
// `grep -rn Reveal` is the audit. The zero Text is empty.
type Text struct{ reveal func() []byte }

// New takes over b; the caller must not use it again.
func New(b []byte) Text { return Text{reveal: func() []byte { return b }} }

// FromString is for secrets that a library hands out as a string.
func FromString(s string) Text { return New([]byte(s)) }

// Reveal returns the secret's own bytes; the caller must not change or print them.
func (t Text) Reveal() []byte {
	if t.reveal == nil {
		return nil
	}
	return t.reveal()
}

// Empty tells whether there is nothing in it.
func (t Text) Empty() bool { return len(t.Reveal()) == 0 }

// Equal compares in constant time for texts of one length.
func (t Text) Equal(other Text) bool {
	return subtle.ConstantTimeCompare(t.Reveal(), other.Reveal()) == 1
}

// Format makes every fmt verb print the same.
func (t Text) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// LogValue is what slog shows.
func (t Text) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText is what encoders show: JSON, TOML and the rest.
func (t Text) MarshalText() ([]byte, error) { return []byte(redacted), nil }
