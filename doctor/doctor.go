// Package doctor looks at everything around a login on this host: the configuration
// and the files that it names, OpenVPN's configuration, the OpenVPN that is installed
// and its systemd unit, the state, the directory and the clock. It tells what would go
// wrong for users, and the line or command that mends it.
//
// It changes nothing. What is gathered from the host is kept apart from what is made
// of it: each file has a type with the facts and a method that judges them. What
// cannot be looked at is a note, never a guess.
package doctor

import (
	"slices"
	"strings"

	"ovpn-verify/verify/openvpn/serverconf"
)

// Finding is one thing that is wrong, or should be known: the same as for server.conf.
type Finding = serverconf.Finding

// Area is one thing that was looked at.
type Area struct {
	Name     string    `json:"name"`
	Seen     string    `json:"seen"` // what there is, in a few words
	Findings []Finding `json:"findings"`
}

// Fine tells whether users are in no danger: notes are none.
func (a Area) Fine() bool {
	return !slices.ContainsFunc(a.Findings, func(f Finding) bool { return f.Severity != serverconf.Note })
}

// Unknown tells of an area about which nothing, good or bad, can be said.
func (a Area) Unknown() bool { return strings.HasPrefix(a.Seen, "not ") }

// Fine tells it of all areas.
func Fine(areas []Area) bool {
	return !slices.ContainsFunc(areas, func(a Area) bool { return !a.Fine() })
}

func (a *Area) add(s serverconf.Severity, at serverconf.Place, what, effect, mend string) {
	a.Findings = append(a.Findings, Finding{Place: at, Severity: s, What: what, Effect: effect, Mend: mend})
}

// unavailable is what users read when logins cannot be decided.
const unavailable = "every login is answered as unavailable"

// Without leaves out what others mend as well: one cause is told once.
func (a Area) Without(others Area) Area {
	a.Findings = slices.DeleteFunc(a.Findings, func(f Finding) bool {
		return f.Mend != "" && slices.ContainsFunc(others.Findings, func(o Finding) bool { return o.Mend == f.Mend })
	})
	return a
}
