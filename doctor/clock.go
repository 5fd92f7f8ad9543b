package doctor

import (
	"fmt"
	"os/exec"
	"time"

	"ovpn-verify/verify/openvpn/serverconf"
	"ovpn-verify/verify/primary"
)

// noticed is a difference between two clocks that is more than the network's doing.
const noticed = 5 * time.Second

// Clock is this host's, beside those of the directory's servers.
type Clock struct {
	Servers   []primary.Inspection
	Synced    bool          // the kernel is told by somebody what time it is
	Known     bool          // whether it is
	Codes     bool          // logins need it: a code is good for a time
	Tolerated time.Duration // what codes bear in each direction
}

// SetClock is the command that has this host's clock set, by what is installed.
func SetClock() string {
	if _, err := exec.LookPath("chronyc"); err == nil {
		return "chronyc makestep"
	}
	return "timedatectl set-ntp true"
}

// Judge compares. mend is the command that sets the clock.
func (c Clock) Judge(mend string) Area {
	a := Area{Name: "clock", Seen: "not compared"}
	at := serverconf.Place{File: "clock"}
	compared := false
	for _, s := range c.Servers {
		if s.Clock.Theirs.IsZero() {
			continue
		}
		compared = true
		a.Seen = "as that of " + s.Server
		ahead := s.Clock.Ahead().Round(time.Second)
		if ahead.Abs() < noticed {
			continue
		}
		direction := "ahead of"
		if ahead < 0 {
			direction = "behind"
		}
		severity, effect := serverconf.Warning, "a little more, and certificates and codes are refused"
		if c.Codes && ahead.Abs() >= c.Tolerated {
			severity, effect = serverconf.Problem, "codes are refused although they are right: apps and this host do not agree on the time"
		}
		a.add(severity, at, fmt.Sprintf("this host's clock is %v %s that of %s", ahead.Abs(), direction, s.Server), effect, mend)
	}
	if !compared {
		c.alone(&a, at, mend)
	}
	return a
}

// alone: nobody was there to compare with. Active Directory tells the time, other
// servers mostly do not, and RADIUS cannot.
func (c Clock) alone(a *Area, at serverconf.Place, mend string) {
	switch {
	case !c.Known:
		a.add(serverconf.Note, at, "no server told the time, and whether the clock is kept cannot be looked at here", "codes are refused when it is off", "")
	case c.Synced:
		a.Seen = "kept, as the kernel has it"
	default:
		a.add(serverconf.Note, at, "nobody keeps the clock, as the kernel has it, and no server told the time to compare with", "codes are refused when it is off", mend)
	}
}
