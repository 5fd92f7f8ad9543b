package serverconf

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"syscall"
)

// Account is whom OpenVPN, or the worker, becomes after its start.
type Account struct {
	Name     string
	UID, GID int
	Groups   []int // beside GID
}

// Account is whom the configuration names: unknown without a line "user", and when
// there is no such user here. Without a line "group" the group stays root's; other
// groups are given up (src/openvpn/platform.c, platform_user_group_set).
func (c *Conf) Account(host Host) (a Account, known bool) {
	d, found := c.Last("user")
	if !found {
		return a, false
	}
	uid, err := host.UserID(d.Arg(1))
	if err != nil {
		return a, false
	}
	a = Account{Name: d.Arg(1), UID: uid}
	if g, found := c.Last("group"); found {
		if a.GID, err = host.Group(g.Arg(1)); err != nil {
			return a, false
		}
	}
	return a, true
}

// May tells whether all of the rights, three bits, are the account's.
func (a Account) May(info fs.FileInfo, rights fs.FileMode) bool {
	owner, isUnix := info.Sys().(*syscall.Stat_t)
	if a.UID == 0 || !isUnix {
		return true
	}
	mode := info.Mode().Perm()
	switch {
	case int(owner.Uid) == a.UID:
		mode >>= 6
	case int(owner.Gid) == a.GID || slices.Contains(a.Groups, int(owner.Gid)):
		mode >>= 3
	}
	return mode&rights == rights
}

// Shut is the folder above path, or above the file that links lead to from there,
// that the account cannot enter.
func (a Account) Shut(path string, stat func(string) (fs.FileInfo, error)) (dir string, found bool) {
	if dir, found = a.shut(path, stat); found {
		return dir, true
	}
	if real, err := filepath.EvalSymlinks(path); err == nil && real != path {
		return a.shut(real, stat)
	}
	return "", false
}

func (a Account) shut(path string, stat func(string) (fs.FileInfo, error)) (dir string, found bool) {
	for dir = filepath.Dir(path); ; dir = filepath.Dir(dir) {
		if info, err := stat(dir); err == nil && !a.May(info, 0o1) {
			return dir, true
		}
		if dir == filepath.Dir(dir) {
			return "", false
		}
	}
}

// OwnerAndMode is what findings about files say of them.
func OwnerAndMode(info fs.FileInfo) string {
	text := fmt.Sprintf("mode %04o", info.Mode().Perm())
	if owner, isUnix := info.Sys().(*syscall.Stat_t); isUnix {
		text += fmt.Sprintf(", owner %d:%d", owner.Uid, owner.Gid)
	}
	return text
}
