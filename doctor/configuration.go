package doctor

import (
	"errors"
	"io/fs"
	"strings"

	"ovpn-verify/verify/config"
	"ovpn-verify/verify/openvpn/serverconf"
)

// Configuration is our own, with the files that it names.
type Configuration struct {
	Path  string
	Err   error    // of reading it, or a file that it names
	Weak  []string // weakenings that are switched on
	Users error    // of the users file, where one is in use
	Root  bool     // who looks may read everything
}

// Judge makes a finding of each fault.
func (c Configuration) Judge() Area {
	a := Area{Name: "configuration", Seen: c.Path}
	at := serverconf.Place{File: c.Path}
	faults := config.Faults(c.Err)
	for _, f := range faults {
		if c.hidden(f) {
			a.add(serverconf.Note, serverconf.Place{File: f.Path, Line: f.Line}, f.Text, notRoot, "")
			continue
		}
		what, _ := apart(errors.New(f.Text))
		a.add(serverconf.Problem, serverconf.Place{File: f.Path, Line: f.Line}, what, unavailable, f.Mend)
	}
	switch {
	case c.Err != nil && len(faults) == 0 && errors.Is(c.Err, fs.ErrNotExist):
		a.add(serverconf.Problem, at, c.Err.Error(), unavailable, "ovpn-verify config init --output "+c.Path)
	case c.hidden(c.Err) && len(faults) == 0:
		a.add(serverconf.Note, at, c.Err.Error(), notRoot, "")
	case c.Err != nil && len(faults) == 0:
		what, mend := apart(c.Err)
		a.add(serverconf.Problem, at, what, unavailable, mend)
	}
	switch {
	case errors.Is(c.Users, fs.ErrNotExist):
		a.add(serverconf.Warning, at, "there are no users yet", "every login is refused", "ovpn-verify user add NAME")
	case c.hidden(c.Users):
		a.add(serverconf.Note, at, c.Users.Error(), notRoot, "")
	case c.Users != nil:
		what, mend := apart(c.Users)
		a.add(serverconf.Problem, at, what, unavailable, mend)
	}
	for _, w := range c.Weak {
		a.add(serverconf.Note, at, w, "this is chosen, and weaker than it has to be", "")
	}
	return a
}

// hidden tells of what only this user may not read: whether logins may is judged by
// owner and mode.
func (c Configuration) hidden(err error) bool { return !c.Root && errors.Is(err, fs.ErrPermission) }

const notRoot = "it was not looked at: run this as root"

// apart separates what is wrong from the command that an error ends with.
func apart(err error) (what, mend string) {
	what, mend, _ = strings.Cut(err.Error(), "; mend it with: ")
	return what, mend
}
