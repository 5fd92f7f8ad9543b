package serverconf

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"
)

// folders: chroot, and tmp-dir in it.
func (j *judge) folders() {
	if d, found := j.Last("chroot"); found {
		j.add(Note, d.Place, "chroot "+d.Arg(1), "the check runs in it: the program, its configuration and every file named there, state, certificates and resolv.conf, have to be in it under the same paths", "")
	}
	d, found := j.Last("tmp-dir")
	path, at := "/tmp", j.here()
	if found {
		path, at = d.Arg(1), d.Place
	}
	path = j.inChroot(j.Resolve(path))
	info, err := j.host.Stat(path)
	switch {
	case err != nil:
		j.add(Problem, at, "tmp-dir "+path+": "+cause(err), "OpenVPN does not start", "install -d -m 1777 "+path)
	case !info.IsDir():
		j.add(Problem, at, "tmp-dir "+path+" is not a folder", "OpenVPN does not start", "tmp-dir /tmp")
	default:
		if who, known := j.account(); known && !who.may(info, 0o3) {
			j.add(Problem, at, fmt.Sprintf("%s cannot write to tmp-dir %s (%s)", who.name, path, ownerAndMode(info)), "OpenVPN cannot hand logins over, and refuses them all", "chown "+who.name+" "+path)
		}
	}
}

// account is who OpenVPN becomes after its start.
type account struct {
	name     string
	uid, gid int
}

// account is unknown without a line "user", and when there is no such user here.
// Without a line "group" the group stays root's; other groups are given up
// (src/openvpn/platform.c, platform_user_group_set).
func (j *judge) account() (a account, known bool) {
	d, found := j.Last("user")
	if !found {
		return a, false
	}
	uid, err := j.host.UserID(d.Arg(1))
	if err != nil {
		return a, false
	}
	a = account{name: d.Arg(1), uid: uid}
	if g, found := j.Last("group"); found {
		if a.gid, err = j.host.Group(g.Arg(1)); err != nil {
			return a, false
		}
	}
	return a, true
}

// may tells whether all of the rights, three bits, are the account's.
func (a account) may(info fs.FileInfo, rights fs.FileMode) bool {
	owner, isUnix := info.Sys().(*syscall.Stat_t)
	if a.uid == 0 || !isUnix {
		return true
	}
	mode := info.Mode().Perm()
	switch {
	case int(owner.Uid) == a.uid:
		mode >>= 6
	case int(owner.Gid) == a.gid:
		mode >>= 3
	}
	return mode&rights == rights
}

func ownerAndMode(info fs.FileInfo) string {
	text := fmt.Sprintf("mode %04o", info.Mode().Perm())
	if owner, isUnix := info.Sys().(*syscall.Stat_t); isUnix {
		text += fmt.Sprintf(", owner %d:%d", owner.Uid, owner.Gid)
	}
	return text
}

// readers: our files have to be readable for whom OpenVPN becomes, and belong to
// him or to root (package secret).
func (j *judge) readers() {
	d, found := j.Last("user")
	if !found || !j.call.ours {
		return
	}
	who, known := j.account()
	if !known {
		j.add(Note, d.Place, "there is no such user or group here", "whether the configuration can be read under it was not looked at", "")
		return
	}
	told := map[string]bool{}
	for _, path := range append([]string{j.ours.Config}, j.ours.Files...) {
		if dir, shut := j.shut(who, path); !shut {
			j.reader(d.Place, who, path)
		} else if !told[dir] {
			told[dir] = true
			j.add(Problem, d.Place, fmt.Sprintf("%s cannot enter %s, where %s is", who.name, dir, path), unavailable, "chmod a+x "+dir)
		}
	}
}

const unavailable = "every login is answered as unavailable"

func (j *judge) reader(at Place, who account, path string) {
	info, err := j.host.Stat(path)
	if err != nil {
		return // the check of our own configuration tells
	}
	mend := "chown " + who.name + " " + path
	owner, isUnix := info.Sys().(*syscall.Stat_t)
	switch {
	case isUnix && who.uid != 0 && owner.Uid != 0 && int(owner.Uid) != who.uid:
		j.add(Problem, at, fmt.Sprintf("%s belongs neither to %s nor to root (%s)", path, who.name, ownerAndMode(info)), "it is not trusted: "+unavailable, mend)
	case !who.may(info, 0o4):
		j.add(Problem, at, fmt.Sprintf("%s cannot read %s (%s)", who.name, path, ownerAndMode(info)), unavailable, mend)
	}
}

// shut is the folder above path that the account cannot enter.
func (j *judge) shut(who account, path string) (dir string, found bool) {
	for dir = filepath.Dir(path); ; dir = filepath.Dir(dir) {
		if info, err := j.host.Stat(dir); err == nil && !who.may(info, 0o1) {
			return dir, true
		}
		if dir == filepath.Dir(dir) {
			return "", false
		}
	}
}

// cause is an error without the path, which is named beside it.
func cause(err error) string {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		err = p.Err
	}
	return err.Error()
}
