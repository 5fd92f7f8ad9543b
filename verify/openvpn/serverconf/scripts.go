package serverconf

import "strings"

// scriptSecurity: below 2 no script runs, below 3 the password is not in the
// environment (src/openvpn/run_command.h, env_set.c).
func (j *judge) scriptSecurity(d Directive, method string) {
	level, at := j.seconds("script-security", 1)
	if at.Line == 0 {
		at = d.Place
	}
	if level < 2 {
		j.add(Problem, at, "auth-user-pass-verify needs script-security 2", "OpenVPN runs no script, and every login is refused", "script-security 2")
	}
	switch {
	case level < 3 && method == "via-env":
		j.add(Problem, d.Place, method+" needs script-security 3", "no password reaches the check, and every login is refused", j.proposed("via-file"))
	case method == "via-env":
		j.add(Warning, d.Place, method+" puts passwords into the program's environment", "every process of the same user can read them there while a login is handed over", j.proposed("via-file"))
	}
}

// otherScripts: client-connect hands out our tokens, unless OpenVPN has its own, and
// client-disconnect takes them back.
func (j *judge) otherScripts() {
	for _, name := range []string{"client-connect", "client-disconnect"} {
		d, found := j.Last(name)
		if found && len(d.Words) != 2 {
			j.add(Problem, d.Place, name+" takes one argument, a command in quotes", "OpenVPN does not start", name+" "+Quote(strings.Join(d.Words[1:], " ")))
		}
	}
	for _, name := range []string{"tls-verify", "client-crresponse", "learn-address", "ipchange", "up", "down", "route-up", "route-pre-down"} {
		if c := j.runsUs(name); c.ours {
			j.add(Problem, c.Place, name+" runs "+programName, "it refuses what it is not made for: OpenVPN ends, or nobody gets in", "#"+line(c.Directive))
		}
	}
	connect, disconnect := j.runsUs("client-connect"), j.runsUs("client-disconnect")
	switch {
	case connect.ours && !disconnect.ours:
		j.add(Warning, connect.Place, "client-connect without client-disconnect", "a session is remembered, and its token good, after its user has gone, until session.lifetime ends", "client-disconnect "+Quote(connect.Arg(1)))
	case disconnect.ours && !connect.ours:
		j.add(Note, disconnect.Place, "client-disconnect without client-connect", "nobody tells when a session is up: there are no tokens of ours, and no totp.reuse_grace", "client-connect "+Quote(disconnect.Arg(1)))
	}
}

// RunsUs tells whether one of its scripts is this program.
func (c *Conf) RunsUs(ours Ours, host Host) bool {
	j := &judge{Conf: c, ours: ours, host: host}
	return j.runsUs("auth-user-pass-verify").ours || j.runsUs("client-connect").ours || j.runsUs("client-disconnect").ours
}

// runsUs is the script line when it runs us, and the zero call otherwise.
func (j *judge) runsUs(option string) call {
	d, found := j.Last(option)
	if !found {
		return call{}
	}
	c, err := j.command(d)
	if err != nil || !c.ours {
		return call{}
	}
	return c
}

// line is the directive as it could be written.
func line(d Directive) string {
	quoted := make([]string, len(d.Words))
	for i, w := range d.Words {
		quoted[i] = Quote(w)
	}
	return strings.Join(quoted, " ")
}
