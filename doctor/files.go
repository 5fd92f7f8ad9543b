package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"ovpn-verify/verify/harden"
	"ovpn-verify/verify/openvpn/serverconf"
)

// Files are those that logins need, and who has to use them.
type Files struct {
	Who    serverconf.Account
	Named  serverconf.Place // where that is said
	Known  bool
	Needed []harden.File
	Inputs bool   // what is only read is judged as well: nobody else did
	Config string // the configuration itself
	Stat   func(string) (fs.FileInfo, error)
	// NoSyslog are the sockets of which none is there, when the log goes to this host's
	// log service.
	NoSyslog []string
}

// LookAtWho finds out as whom logins are decided: the user in server.conf, the
// unit's, or worker.user where both leave root.
func LookAtWho(conf *serverconf.Conf, unit Unit, workerUser, config string) (who serverconf.Account, named serverconf.Place, known bool) {
	if d, found := conf.Last("user"); found && d.Arg(1) != "root" {
		who, known = conf.Account(serverconf.ThisHost())
		return who, d.Place, known
	}
	if s, found := unit.last("User"); found && s.value != "root" && s.value != "0" {
		who, err := lookUp(s.value)
		return who, s.Place, err == nil
	}
	if workerUser != "" {
		who, err := lookUp(workerUser)
		return who, serverconf.Place{File: config}, err == nil
	}
	return serverconf.Account{Name: "root"}, serverconf.Place{File: conf.Path}, true
}

// lookUp finds a user with all groups by name or number.
func lookUp(name string) (serverconf.Account, error) {
	a := serverconf.Account{Name: name}
	u, err := user.Lookup(name)
	if err != nil {
		if u, err = user.LookupId(name); err != nil {
			if a.UID, err = strconv.Atoi(name); err == nil { // worker.user takes numbers without an entry
				a.GID = a.UID
			}
			return a, err
		}
	}
	a.UID, err = strconv.Atoi(u.Uid)
	gid, err2 := strconv.Atoi(u.Gid)
	a.GID = gid
	ids, _ := u.GroupIds() // none: the user is in its own alone
	for _, id := range ids {
		if n, err := strconv.Atoi(id); err == nil {
			a.Groups = append(a.Groups, n)
		}
	}
	return a, errors.Join(err, err2)
}

// Judge tells what the user may not use as logins need it.
func (f Files) Judge() Area {
	a := Area{Name: "files", Seen: fmt.Sprintf("%d, as %s", len(f.Needed)+1, f.Who.Name)}
	if !f.Known {
		a.Seen = "not looked at"
		f.nobody(&a)
		return a
	}
	if f.Who.UID == 0 && f.Named.File != "" {
		a.add(serverconf.Note, f.Named, "OpenVPN stays root, and worker.user is not set", "the program that talks to the network is root, too", fmt.Sprintf("worker.user = %q in %s", unprivileged(), f.Config))
	}
	if f.Inputs {
		f.reader(&a, f.Config)
	}
	if len(f.NoSyslog) > 0 {
		a.add(serverconf.Warning, serverconf.Place{File: f.Config}, `log.to = "syslog", and no log service listens on this host: none of `+strings.Join(f.NoSyslog, ", ")+" is there",
			ownLog, `log.to = "stderr" in `+f.Config)
	}
	told := map[string]bool{}
	for _, file := range f.Needed {
		switch {
		case file.Use == harden.Keep && !told[filepath.Dir(file.Path)]:
			told[filepath.Dir(file.Path)] = true
			f.keeper(&a, file)
		case file.Use == harden.Append:
			f.appender(&a, file)
		case file.Use == harden.Replace:
			f.replaced(&a, file)
		case f.Inputs && (file.Use == harden.Read || file.Use == harden.ReadAgain):
			f.reader(&a, file.Path)
		}
		if file.Use == harden.Keep {
			f.kept(&a, file)
		}
	}
	return a
}

// unprivileged is the user to propose: the one that our package makes.
func unprivileged() string {
	const ours = "ovpn-verify"
	if _, err := user.Lookup(ours); err == nil {
		return ours
	}
	return "nobody"
}

// nobody: worker.user is another's affair than the user in server.conf, of which the
// judge of that file tells.
func (f Files) nobody(a *Area) {
	if f.Named.File == f.Config {
		a.add(serverconf.Problem, f.Named, fmt.Sprintf("worker.user is %q, and this host has no such user", f.Who.Name), unavailable, "useradd --system --user-group --shell /usr/sbin/nologin "+f.Who.Name)
		return
	}
	a.add(serverconf.Note, f.Named, "there is no such user or group here", "whether logins can use their files was not looked at", "")
}

// Anybody stands for a user who is not known: what is missing altogether is told.
var Anybody = serverconf.Account{Name: "USER"}

// FilesInChroot is said where the paths of the configuration are another folder's.
func FilesInChroot(conf *serverconf.Conf) Area {
	a := Area{Name: "files", Seen: "not looked at"}
	d, _ := conf.Last("chroot")
	a.add(serverconf.Note, d.Place, "OpenVPN runs in "+conf.Resolve(d.Arg(1)), "whether logins can use their files there was not looked at: run `ovpn-verify check USER` in it (chroot(8))", "")
	return a
}

// keeper: the state's folder.
func (f Files) keeper(a *Area, file harden.File) {
	dir := filepath.Dir(file.Path)
	info, err := f.Stat(dir)
	shut, isShut := f.Who.Shut(dir, f.Stat)
	at := serverconf.Place{File: dir}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		a.add(serverconf.Problem, at, "there is no such folder, and "+file.Key+" needs it", "nothing can be remembered: failed attempts are not counted, and codes cannot be checked",
			fmt.Sprintf("install -d -m 0700 -o %s %s", f.Who.Name, dir))
	case err != nil:
		a.add(serverconf.Note, at, "it cannot be looked at: "+err.Error(), "whether logins can use it is not known", "")
	case isShut:
		a.add(serverconf.Problem, at, fmt.Sprintf("%s cannot enter %s", f.Who.Name, shut), unavailable, "chmod a+x "+shut)
	case !f.Who.May(info, 0o3):
		a.add(serverconf.Problem, at, fmt.Sprintf("%s cannot write to it (%s), and %s is there", f.Who.Name, serverconf.OwnerAndMode(info), file.Key),
			"nothing can be remembered: logins that need the state are answered as unavailable", f.give(info, "u+rwx", dir))
	}
}

// kept: a file of the state that is there.
func (f Files) kept(a *Area, file harden.File) {
	info, err := f.Stat(file.Path)
	if err == nil && !f.Who.May(info, 0o6) {
		a.add(serverconf.Problem, serverconf.Place{File: file.Path}, fmt.Sprintf("%s cannot read and write it (%s)", f.Who.Name, serverconf.OwnerAndMode(info)),
			"logins that need the state are answered as unavailable", f.give(info, "u+rw", file.Path))
	}
}

// reader: a file that logins read.
func (f Files) reader(a *Area, path string) {
	info, err := f.Stat(path)
	if err != nil {
		return // the check of the configuration tells
	}
	at := serverconf.Place{File: path}
	if shut, isShut := f.Who.Shut(path, f.Stat); isShut {
		a.add(serverconf.Problem, at, fmt.Sprintf("%s cannot enter %s", f.Who.Name, shut), unavailable, "chmod a+x "+shut)
	} else if !f.Who.May(info, 0o4) {
		a.add(serverconf.Problem, at, fmt.Sprintf("%s cannot read it (%s)", f.Who.Name, serverconf.OwnerAndMode(info)), unavailable, f.give(info, "u+r", path))
	}
}

// give makes the file the user's, whose rights on it are then enough; where it is
// already, the rights are added.
func (f Files) give(info fs.FileInfo, rights, path string) string {
	if owner, isUnix := info.Sys().(*syscall.Stat_t); isUnix && int(owner.Uid) == f.Who.UID {
		return "chmod " + rights + " " + path
	}
	return fmt.Sprintf("chown %s %s", f.Who.Name, path)
}
