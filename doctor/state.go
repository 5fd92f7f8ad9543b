package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"ovpn-verify/verify/openvpn/serverconf"
	"ovpn-verify/verify/state"
)

// State is the database of what outlives a login.
type State struct {
	Path, KeyFile string
	Owner         string
	Root          bool // who looks may read everything
	Missing       bool // there is none yet
	KeyMissing    bool
	Codes         bool // second factors are kept in it
	Report        state.Report
	Err           error
}

// LookAtState reads all of it. It makes no database.
func LookAtState(ctx context.Context, path, keyFile string) State {
	s := State{Path: path, KeyFile: keyFile}
	_, err := os.Stat(path)
	_, keyErr := os.Lstat(keyFile)
	s.KeyMissing = errors.Is(keyErr, fs.ErrNotExist)
	if s.Missing = errors.Is(err, fs.ErrNotExist) && s.KeyMissing; s.Missing {
		return s
	}
	s.Report, s.Err = state.Open(path, keyFile).Check(ctx)
	return s
}

// Judge tells of damage, and how a backup comes in its place.
func (s State) Judge() Area {
	a := Area{Name: "state", Seen: s.Path}
	at := serverconf.Place{File: s.Path}
	const effect = "logins that need it are answered as unavailable"
	restore := fmt.Sprintf("install -m 0600 -o %s BACKUP %[2]s.restored && mv %[2]s.restored %[2]s", s.Owner, s.Path)
	if s.KeyMissing {
		restore = fmt.Sprintf("install -m 0600 -o %s BACKUP %s", s.Owner, s.KeyFile)
	}
	switch {
	case s.Missing && s.Codes:
		a.Seen = "none yet"
		a.add(serverconf.Warning, at, "nobody is enrolled yet: there is no database", "nobody has a code, and logins are answered as unavailable", "ovpn-verify totp enroll USER")
	case s.Missing:
		a.Seen = "none yet: the first login that needs it makes it"
	case !s.Root && errors.Is(s.Err, fs.ErrPermission):
		a.Seen = "not looked at"
		a.add(serverconf.Note, at, s.Err.Error(), notRoot, "")
	case s.Err != nil:
		what, mend := apart(s.Err)
		if mend == "" {
			mend = restore
		}
		a.add(serverconf.Problem, at, what, effect, mend)
	}
	if faults := s.Report.Faults; len(faults) > 0 {
		what := faults[0].Error()
		if len(faults) > 1 {
			what += fmt.Sprintf(", and %d more faults (`ovpn-verify state check`)", len(faults)-1)
		}
		a.add(serverconf.Problem, at, what, effect, restore)
	}
	return a
}
