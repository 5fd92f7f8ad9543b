package doctor

import (
	"time"

	"ovpn-verify/verify/openvpn/serverconf"
)

// Server is one server.conf and what our own configuration has to do with it.
type Server struct {
	Conf *serverconf.Conf
	Ours serverconf.Ours
	Host serverconf.Host
	Now  time.Time
	// InMemory tells whether a folder is kept in memory alone.
	InMemory func(path string) (yes, known bool)
}

// Judge adds to what is found in the file what the host tells of it.
func (s Server) Judge() Area {
	a := Area{Name: "server.conf", Seen: s.Conf.Path, Findings: serverconf.Judge(s.Conf, s.Ours, s.Host)}
	s.credentials(&a)
	s.files(&a)
	serverconf.Sort(a.Findings)
	return a
}

// credentials: name and password are in a file of tmp-dir while they are handed over.
func (s Server) credentials(a *Area) {
	path, at := "/tmp", serverconf.Place{File: s.Conf.Path}
	if d, found := s.Conf.Last("tmp-dir"); found {
		path, at = s.Conf.Resolve(d.Arg(1)), d.Place
	}
	verify, _ := s.Conf.Last("auth-user-pass-verify")
	inMemory, known := s.InMemory(path)
	if s.Conf.Has("chroot") || verify.Arg(2) != "via-file" || !known || inMemory {
		return
	}
	a.add(serverconf.Note, at, "tmp-dir "+path+" is on a disk", "each login's password is written there for some milliseconds, and may be found on the disk afterwards", "tmp-dir /dev/shm")
}

// OtherServer is said of one on a host with several that has nothing to do with us.
func OtherServer(conf *serverconf.Conf) Area {
	return Area{Name: "server.conf", Seen: "not looked at: " + conf.Path + " does not run ovpn-verify, and others here do (--server-conf " + conf.Path + ")"}
}

// NoServer is said where there is none to look at.
func NoServer() Area {
	a := Area{Name: "server.conf", Seen: "not looked at"}
	a.add(serverconf.Note, serverconf.Place{File: "/etc/openvpn"}, "no server's configuration is there", "what in it would refuse or drop users was not looked at: name it with --server-conf", "")
	return a
}
