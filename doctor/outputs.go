package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"

	"ovpn-verify/verify/harden"
	"ovpn-verify/verify/openvpn/serverconf"
)

// ownLog is where records are that a log does not take (package logging).
const ownLog = "records are in OpenVPN's own log instead, each behind the reason"

// appender: the log, made where it is missing. A folder that is there may be
// everybody's, like /var/log: its owner stays.
func (f Files) appender(a *Area, file harden.File) {
	folder := filepath.Dir(file.Path)
	if f.unmade(a, file, folder, ownLog, "0750") {
		return
	}
	path, mend := file.Path, ""
	switch info, err := f.Stat(file.Path); {
	case errors.Is(err, fs.ErrNotExist):
		if above, err := f.Stat(folder); err == nil && f.Who.May(above, 0o3) {
			return
		}
		path, mend = folder, fmt.Sprintf("install -m 0640 -o %s /dev/null %s", f.Who.Name, file.Path)
	case err == nil && !f.Who.May(info, 0o2):
		mend = f.give(info, "u+w", file.Path)
	default:
		return
	}
	a.add(serverconf.Warning, serverconf.Place{File: path}, fmt.Sprintf("%s cannot write the log, %s, there", f.Who.Name, file.Key), ownLog, mend)
}

// replaced: the metrics, for each of which a new file takes the old one's place.
func (f Files) replaced(a *Area, file harden.File) {
	const effect = "logins go on, and node_exporter shows old numbers, or none"
	folder := filepath.Dir(file.Path)
	if f.unmade(a, file, folder, effect, "0755") {
		return
	}
	info, err := f.Stat(folder)
	if err != nil || f.Who.May(info, 0o3) {
		return
	}
	a.add(serverconf.Warning, serverconf.Place{File: folder}, fmt.Sprintf("%s cannot make files in it (%s), and %s is there", f.Who.Name, serverconf.OwnerAndMode(info), file.Key), effect, f.share(info, folder))
}

// unmade tells of a folder that is not there, or that the user cannot enter.
func (f Files) unmade(a *Area, file harden.File, folder, effect, mode string) (told bool) {
	if shut, isShut := f.Who.Shut(file.Path, f.Stat); isShut && shut != folder {
		a.add(serverconf.Warning, serverconf.Place{File: file.Path}, fmt.Sprintf("%s cannot enter %s, and %s is below it", f.Who.Name, shut, file.Key), effect, "chmod a+x "+shut)
		return true
	}
	if _, err := f.Stat(folder); !errors.Is(err, fs.ErrNotExist) {
		return false
	}
	a.add(serverconf.Warning, serverconf.Place{File: folder}, fmt.Sprintf("there is no such folder, and %s is in it", file.Key), effect,
		fmt.Sprintf("install -d -m %s -o %s %s", mode, f.Who.Name, folder))
	return true
}

// share lets the user make files in a folder that is another's and stays so, by the
// user's group where there is one of its own.
func (f Files) share(info fs.FileInfo, folder string) string {
	owner, isUnix := info.Sys().(*syscall.Stat_t)
	if f.Who.GID == 0 || isUnix && int(owner.Uid) == f.Who.UID {
		return f.give(info, "u+rwx", folder)
	}
	return fmt.Sprintf("chgrp %d %s && chmod g+rwx %[2]s", f.Who.GID, folder)
}
