package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"ovpn-verify/doctor"
	"ovpn-verify/verify/config"
	"ovpn-verify/verify/harden"
	"ovpn-verify/verify/openvpn/serverconf"
)

// serverConfs are those named, or those of the stock units that check logins.
func (cmd *doctorCommand) serverConfs() ([]*serverconf.Conf, error) {
	paths, named := cmd.ServerConf, len(cmd.ServerConf) > 0
	if !named {
		for _, pattern := range []string{"/etc/openvpn/server/*.conf", "/etc/openvpn/*.conf"} {
			found, _ := filepath.Glob(pattern)
			paths = append(paths, found...)
		}
	}
	var confs []*serverconf.Conf
	for _, path := range paths {
		c, err := readServerConf(path, cmd.CD)
		switch {
		case err != nil && named:
			return nil, err
		case err == nil && (named || c.Has("server", "server-bridge", "server-ipv6", "auth-user-pass-verify")):
			confs = append(confs, c)
		}
	}
	return confs, nil
}

// apart: a host's other servers may let in by certificate alone, or ask somebody else.
// Where nobody runs us, or a server was named, all of them are looked at.
func (cmd *doctorCommand) apart(confs []*serverconf.Conf, ours serverconf.Ours) (running, others []*serverconf.Conf) {
	for _, c := range confs {
		if len(cmd.ServerConf) > 0 || c.RunsUs(ours, serverconf.ThisHost()) {
			running = append(running, c)
		} else {
			others = append(others, c)
		}
	}
	if len(running) == 0 {
		return others, nil
	}
	return running, others
}

func (cmd *doctorCommand) unit(p patient, c *serverconf.Conf) doctor.Unit {
	name := cmd.Unit
	if name == "" {
		name = doctor.UnitOf(c.Path)
	}
	return doctor.LookAtUnit(name, p.units)
}

// version looks at the program that was named, that a unit starts, or that is there.
func (cmd *doctorCommand) version(ctx context.Context, p patient, confs []*serverconf.Conf) doctor.Area {
	path := cmd.OpenVPN
	for _, c := range confs {
		if path == "" {
			path = cmd.unit(p, c).Program()
		}
	}
	if path == "" {
		path = "/usr/sbin/openvpn"
		if found, err := exec.LookPath("openvpn"); err == nil {
			path = found
		}
	}
	return doctor.LookAtOpenVPN(ctx, path).Judge(confs, doctor.Upgrade())
}

// server is what belongs to one server.conf.
func (cmd *doctorCommand) server(p patient, c *serverconf.Conf) []doctor.Area {
	unit := cmd.unit(p, c)
	c = c.Within(unit.Options())
	who, named, known := doctor.LookAtWho(c, unit, p.config.Worker.User, p.path)
	_, said := c.Last("user")
	files := p.config.Files()
	needs := doctor.UnitNeeds{OneEach: p.config.Worker.Linger == 0, Root: who.UID == 0, Reads: []string{p.ours.Program, p.path}, Writes: []string{filepath.Dir(p.config.State.Path)}}
	for _, f := range files {
		needs.Reads = append(needs.Reads, f.Path)
		if f.Use == harden.Append || f.Use == harden.Replace {
			needs.Reports = append(needs.Reports, filepath.Dir(f.Path))
		}
	}
	server := doctor.Server{Conf: c, Ours: p.ours, Host: serverconf.ThisHost(), Now: time.Now(), InMemory: doctor.InMemory}.Judge()
	if c.Has("chroot") {
		return []doctor.Area{server, unit.Judge(needs), doctor.FilesInChroot(c)}
	}
	used := doctor.Files{Who: who, Named: named, Known: known, Needed: files, Inputs: !said, Config: p.path, Stat: os.Stat, NoSyslog: p.config.Log.NoService()}.Judge()
	return []doctor.Area{server, unit.Judge(needs), used.Without(server)}
}

// owner is whose the state has to be.
func (cmd *doctorCommand) owner(p patient, confs []*serverconf.Conf) string {
	for _, c := range confs {
		if who, _, known := doctor.LookAtWho(c, cmd.unit(p, c), p.config.Worker.User, p.path); known {
			return who.Name
		}
	}
	return "USER"
}

// outside are the state, the servers that are asked, and the clock.
func (p *patient) outside(ctx context.Context, owner string) []doctor.Area {
	c := p.config
	codes := c.Login.SecondFactor == "totp"
	s := doctor.LookAtState(ctx, c.State.Path, c.State.KeyFile)
	s.Root, s.Owner, s.Codes = os.Geteuid() == 0, owner, codes && c.TOTP.Unenrolled == "refuse"
	key := map[string]string{"ldap": "ldap.urls", "radius": "radius.servers"}[c.Login.Backend]
	d := doctor.Directory{Backend: c.Login.Backend, Config: p.path, Line: config.LineOf(p.path, key), CAFile: c.LDAP.CAFile}
	if b, can := p.backend.(inspector); can {
		d.Servers = b.Inspect(ctx)
	}
	clock := doctor.Clock{Servers: d.Servers, Codes: codes, Tolerated: time.Duration(c.TOTP.Skew) * c.TOTP.Period}
	clock.Synced, clock.Known = doctor.ClockKept()
	return []doctor.Area{s.Judge(), d.Judge(), clock.Judge(doctor.SetClock())}
}

func (cmd *doctorCommand) clients(p patient) ([]doctor.Area, error) {
	needs := doctor.ClientNeeds{Codes: p.config.Login.SecondFactor == "totp", Appended: p.config.TOTP.Appended}
	if len(cmd.ClientConf) == 0 {
		return []doctor.Area{doctor.ClientsUnseen(needs)}, nil
	}
	var areas []doctor.Area
	for _, path := range cmd.ClientConf {
		c, err := readServerConf(path, "")
		if err != nil {
			return nil, err
		}
		areas = append(areas, doctor.JudgeClient(c, needs))
	}
	return areas, nil
}
