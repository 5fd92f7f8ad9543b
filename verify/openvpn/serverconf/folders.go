package serverconf

import (
	"errors"
	"fmt"
	"io/fs"
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
		if who, known := j.Account(j.host); known && !who.May(info, 0o3) {
			j.add(Problem, at, fmt.Sprintf("%s cannot write to tmp-dir %s (%s)", who.Name, path, OwnerAndMode(info)), "OpenVPN cannot hand logins over, and refuses them all", "chown "+who.Name+" "+path)
		}
	}
}

// readers: our files have to be readable for whom OpenVPN becomes, and belong to
// him or to root (package secret).
func (j *judge) readers() {
	d, found := j.Last("user")
	if !found || !j.call.ours {
		return
	}
	who, known := j.Account(j.host)
	if !known {
		return // accounts tells
	}
	told := map[string]bool{}
	for _, path := range append([]string{j.ours.Config}, j.ours.Files...) {
		if dir, shut := who.Shut(path, j.host.Stat); !shut {
			j.reader(d.Place, who, path)
		} else if !told[dir] {
			told[dir] = true
			j.add(Problem, d.Place, fmt.Sprintf("%s cannot enter %s, where %s is", who.Name, dir, path), unavailable, "chmod a+x "+dir)
		}
	}
}

const unavailable = "every login is answered as unavailable"

func (j *judge) reader(at Place, who Account, path string) {
	info, err := j.host.Stat(path)
	if err != nil {
		return // the check of our own configuration tells
	}
	mend := "chown " + who.Name + " " + path
	owner, isUnix := info.Sys().(*syscall.Stat_t)
	switch {
	case isUnix && who.UID != 0 && owner.Uid != 0 && int(owner.Uid) != who.UID:
		j.add(Problem, at, fmt.Sprintf("%s belongs neither to %s nor to root (%s)", path, who.Name, OwnerAndMode(info)), "it is not trusted: "+unavailable, mend)
	case !who.May(info, 0o4):
		j.add(Problem, at, fmt.Sprintf("%s cannot read %s (%s)", who.Name, path, OwnerAndMode(info)), unavailable, mend)
	}
}

// cause is an error without the path, which is named beside it.
func cause(err error) string {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		err = p.Err
	}
	return err.Error()
}
