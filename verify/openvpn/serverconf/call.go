package serverconf

import (
	"errors"
	"path/filepath"
	"strings"
)

// call is a script line's command: program, and what of its arguments front
// understands.
type call struct {
	Directive
	program string   // as written
	args    []string // behind it
	ours    bool     // it runs us
	config  string   // "" when no --config is there
}

const programName = "ovpn-verify"

// command takes the command of a script line apart, which OpenVPN does by the
// rules of its configuration (src/openvpn/argv.c, argv_parse_cmd).
func (j *judge) command(d Directive) (call, error) {
	c := call{Directive: d}
	parts, err := words(d.Arg(1))
	if err != nil || len(parts) == 0 {
		return c, errors.Join(err)
	}
	c.program, c.args = parts[0], parts[1:]
	path := j.inChroot(j.Resolve(c.program))
	c.ours = filepath.Base(c.program) == programName || j.same(path, j.ours.Program)
	for i, arg := range c.args {
		if path, joined := strings.CutPrefix(arg, "--config="); joined {
			c.config = path
		} else if arg == "--config" && i+1 < len(c.args) {
			c.config = c.args[i+1]
		}
	}
	return c, nil
}

// proposed is the line as it should be.
func (j *judge) proposed(method string) string {
	program, config := j.fromChroot(j.ours.Program), j.fromChroot(j.ours.Config)
	command := Quote(program)
	if config != defaultConfig {
		command = Quote(Quote(program) + " --config " + Quote(config))
	}
	return "auth-user-pass-verify " + command + " " + method
}

// verification looks at auth-user-pass-verify and what it needs.
func (j *judge) verification() {
	const option = "auth-user-pass-verify"
	d, found := j.Last(option)
	if !found {
		j.noVerification()
		return
	}
	if first := j.first(option); first.Place != d.Place {
		j.add(Warning, first.Place, "more than one "+option, "the last one counts, and this one checks nobody", "#"+line(first))
	}
	method := d.Arg(2)
	c, err := j.command(d)
	j.call = c
	switch {
	case err != nil || c.program == "":
		j.add(Problem, d.Place, "the command cannot be taken apart", "OpenVPN does not start", j.proposed("via-file"))
		return
	case len(d.Words) != 3 || method != "via-file" && method != "via-env":
		j.add(Problem, d.Place, option+" takes a command, in quotes when it has arguments, and via-file or via-env", "OpenVPN does not start", j.proposed("via-file"))
		return
	case !c.ours:
		j.add(Warning, d.Place, "logins are checked by "+c.program, "unless that calls "+programName+", nothing of what is configured here counts", j.proposed(method))
	default:
		j.arguments(c)
		j.whichConfig(c)
	}
	j.programIsThere(c)
	j.scriptSecurity(d, method)
}

func (j *judge) first(name string) Directive {
	for _, d := range j.Directives {
		if d.Name() == name {
			return d
		}
	}
	return Directive{}
}

func (j *judge) noVerification() {
	severity, effect := Problem, "nobody is asked for a password: whoever has a certificate gets in"
	if j.Has("plugin", "management-client-auth") {
		severity, effect = Warning, "somebody else decides logins: "+programName+" is never asked"
	}
	j.add(severity, j.here(), "no auth-user-pass-verify", effect, j.proposed("via-file"))
}

// arguments: front takes `[--config FILE]`, and the credentials file that OpenVPN
// puts behind it.
func (j *judge) arguments(c call) {
	args := c.args
	for len(args) > 0 {
		switch {
		case args[0] == "--config" && len(args) > 1:
			args = args[2:]
		case strings.HasPrefix(args[0], "--config=") && len(args[0]) > len("--config="):
			args = args[1:]
		default:
			j.add(Problem, c.Place, "the argument "+args[0]+" in the command", "every login is refused: "+programName+" takes --config FILE only", j.proposed(c.Arg(2)))
			return
		}
	}
}

// whichConfig compares the configuration that logins use with the one that was
// checked.
func (j *judge) whichConfig(c call) {
	at, path, mend := c.Place, c.config, j.proposed(c.Arg(2))
	if path == "" {
		path = defaultConfig
		for _, d := range j.Directives {
			if d.Name() == "setenv" && d.Arg(1) == "OVPN_VERIFY_CONFIG" && d.Arg(2) != "" {
				at, path, mend = d.Place, d.Arg(2), "setenv OVPN_VERIFY_CONFIG "+Quote(j.fromChroot(j.ours.Config))
			}
		}
	}
	if !filepath.IsAbs(path) {
		j.add(Warning, at, "the configuration "+path+" has a relative path", "logins find it only while OpenVPN runs in "+j.Dir, mend)
		path = j.Resolve(path)
	}
	inside := j.inChroot(path)
	if inside != path {
		mend = "install -D -m 0640 " + j.ours.Config + " " + inside
	}
	if _, err := j.host.Stat(inside); err != nil {
		j.add(Problem, at, "the configuration "+inside+" cannot be read: "+cause(err), unavailable, mend)
		return
	}
	if !j.same(inside, j.ours.Config) {
		j.add(Warning, at, "logins use "+inside+", and "+j.ours.Config+" was checked", "what was found there says nothing about logins", mend)
	}
}

// programIsThere: OpenVPN looks for it at the start (check_cmd_access).
func (j *judge) programIsThere(c call) {
	if !filepath.IsAbs(c.program) {
		j.add(Warning, c.Place, c.program+" is a relative path", "it is found only while OpenVPN runs in "+j.Dir, j.proposed(c.Arg(2)))
	}
	path := j.inChroot(j.Resolve(c.program))
	info, err := j.host.Stat(path)
	switch {
	case err != nil && j.chroot() != "":
		j.add(Problem, c.Place, path+" cannot be run: "+cause(err), "every login is refused", "install -D -m 0755 "+j.ours.Program+" "+path)
	case err != nil:
		j.add(Problem, c.Place, path+" cannot be run: "+cause(err), "OpenVPN does not start", j.proposed(c.Arg(2)))
	case info.IsDir() || info.Mode().Perm()&0o111 == 0:
		j.add(Problem, c.Place, path+" cannot be run: it is not executable", "OpenVPN does not start", "chmod 0755 "+path)
	}
}
