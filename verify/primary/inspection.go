package primary

import "time"

// Inspection is what came of asking one server whether it could decide logins,
// without a login.
type Inspection struct {
	Server string
	Err    error  // nil: it can
	Mend   string // of Err: a line of the configuration, `section.key = value`, or a command; "" where nobody can know
	Clock  Clock
}

// Clock is a server's, beside this host's at the same moment. Its zero value is that
// of a server which does not tell the time.
type Clock struct{ Theirs, Ours time.Time }

// Ahead is by how much this host's clock is before the server's.
func (c Clock) Ahead() time.Duration { return c.Ours.Sub(c.Theirs) }
