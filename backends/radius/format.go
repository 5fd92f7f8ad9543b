package radius

import (
	"errors"
	"strings"

	"ovpn-verify/verify/primary"
)

// The places in radius.password_format.
const (
	placePassword = "{password}"
	placeCode     = "{code}"
	maxFormat     = 64 // bytes
)

// formatFault tells what is wrong with a password format. The password has to
// be in it: what a server is not shown it cannot check.
func formatFault(format string) error {
	if format == placePassword {
		return nil
	}
	rest := strings.Replace(strings.Replace(format, placePassword, "", 1), placeCode, "", 1)
	if !strings.Contains(format, placePassword) || !strings.Contains(format, placeCode) || strings.ContainsAny(rest, "{}") {
		return errors.New(`must be "{password}", or hold {password} and {code} once each and no other braces`)
	}
	if len(format) > maxFormat || !printable(format) {
		return errors.New("must be at most 64 bytes of text without control characters")
	}
	return nil
}

// TakesCode tells whether the code that came with a password is sent along with it.
func (c Config) TakesCode() bool { return strings.Contains(c.PasswordFormat, placeCode) }

// TakesCode tells whether a code that comes along reaches the servers.
func (b *Backend) TakesCode() bool { return b.cfg.TakesCode() }

// composed is what goes to the server: the password, with the code that came
// along where the format has a place for it. Without a code the password goes
// as it was typed, whatever the format: the user may have put the code into it.
func (c Config) composed(req *primary.Request) []byte {
	if !c.spends(req) {
		return req.Password.Reveal()
	}
	// One pass: a password with {code} in it stays as it is.
	return []byte(strings.NewReplacer(
		placePassword, string(req.Password.Reveal()), placeCode, string(req.Code.Reveal()),
	).Replace(c.PasswordFormat))
}

// spends tells whether the request's code is part of what is sent.
func (c Config) spends(req *primary.Request) bool { return c.TakesCode() && !req.Code.Empty() }
