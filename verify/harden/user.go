package harden

import (
	"errors"
	"fmt"
	"math"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// account is what a process becomes.
type account struct {
	uid, gid int
	groups   []int
}

// lookUp finds a user by name or number. A number needs no entry in /etc/passwd,
// which a chroot may not have; its group has the same number then.
func lookUp(name string) (account, error) {
	number, notNumber := strconv.ParseUint(name, 10, 32)
	find := user.Lookup
	if notNumber == nil {
		find = user.LookupId
	}
	u, err := find(name)
	switch {
	case err != nil && notNumber == nil && number < math.MaxUint32: // -1 means "leave it as it is" to setuid
		a := account{uid: int(number), gid: int(number), groups: []int{int(number)}}
		return a, a.check(name)
	case err != nil:
		return account{}, fmt.Errorf("worker.user %q is not in this system's list of users (/etc/passwd); a number needs no entry there", name)
	}
	a, err := accountOf(u)
	return a, errors.Join(err, a.check(name))
}

func accountOf(u *user.User) (account, error) {
	uid, err := strconv.Atoi(u.Uid)
	gid, err2 := strconv.Atoi(u.Gid)
	if err = errors.Join(err, err2); err != nil {
		return account{}, err
	}
	a := account{uid: uid, gid: gid, groups: []int{gid}}
	ids, err := u.GroupIds()
	if err != nil {
		return a, nil // no list of groups: the user is in its own alone
	}
	for _, id := range ids {
		if n, err := strconv.Atoi(id); err == nil && n != gid {
			a.groups = append(a.groups, n)
		}
	}
	return a, nil
}

func (a account) check(name string) error {
	if a.uid == 0 {
		return fmt.Errorf("worker.user %q is root; name an unprivileged user", name)
	}
	return nil
}

// assume makes every thread that user for good. Groups come first: without the
// super-user's id they cannot be changed.
func (a account) assume() error {
	if err := syscall.Setgroups(a.groups); err != nil {
		return fmt.Errorf("setgroups: %w", err)
	}
	if err := syscall.Setgid(a.gid); err != nil {
		return fmt.Errorf("setgid: %w", err)
	}
	if err := syscall.Setuid(a.uid); err != nil {
		return fmt.Errorf("setuid: %w", err)
	}
	if os.Getuid() != a.uid || os.Geteuid() != a.uid || os.Getgid() != a.gid || os.Getegid() != a.gid || syscall.Setuid(0) == nil {
		return errors.New("the super-user's id is still there")
	}
	return nil
}
