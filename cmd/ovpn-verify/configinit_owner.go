package main

import (
	"cmp"
	"fmt"
	"os"
	"os/user"
	"strconv"

	"ovpn-verify/doctor"
	"ovpn-verify/verify/openvpn/serverconf"
)

// packageUser is the one that our packages make for the worker.
const packageUser = "ovpn-verify"

// findOwner finds out as whom logins will be decided: the user that OpenVPN becomes,
// or where it stays root, the one that our packages make.
func (s *start) findOwner() error {
	s.owner = serverconf.Account{Name: "root"}
	if err := s.findServer(); err != nil {
		return err
	}
	if s.conf != nil {
		unit := doctor.LookAtUnit(doctor.UnitOf(s.conf.Path), doctor.UnitFolders)
		who, named, known := doctor.LookAtWho(s.conf, unit, "", s.output)
		if !known {
			return fmt.Errorf("%s:%d: there is no such user or group here", named.File, named.Line)
		}
		s.owner = who
	}
	if s.owner.UID == 0 {
		if u, err := user.Lookup(packageUser); err == nil {
			s.owner.Name = packageUser
			s.owner.UID, _ = strconv.Atoi(u.Uid)
			s.owner.GID, _ = strconv.Atoi(u.Gid)
			s.set("worker", "user", packageUser)
		}
	}
	s.say("logins are decided as", s.owner.Name)
	return nil
}

// findServer reads the server.conf that was named, or the only one that there is.
func (s *start) findServer() error {
	paths := doctorCommand{}
	if s.cmd.ServerConf != "" {
		paths.ServerConf = []string{s.cmd.ServerConf}
	}
	confs, err := paths.serverConfs()
	if err != nil {
		return err
	}
	if len(confs) == 1 {
		s.conf = confs[0]
		s.say("OpenVPN's configuration", s.conf.Path)
		return nil
	}
	what := "there is none below /etc/openvpn"
	if len(confs) > 1 {
		what = "there are several below /etc/openvpn"
	}
	fmt.Fprintf(os.Stderr, "note: %s, so the user that OpenVPN runs as is not known: name it with --server-conf\n", what)
	return nil
}

// say tells what was found.
func (s *start) say(what, value string) {
	fmt.Printf("%-22s %s\n", what, shown(cmp.Or(value, "none")))
}
