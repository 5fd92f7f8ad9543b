package serverconf

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"os/user"
	"strconv"
	"strings"
	"time"
)

func userID(name string) (int, error) {
	if u, err := user.Lookup(name); err == nil {
		return strconv.Atoi(u.Uid)
	}
	return getent("passwd", name)
}

func groupID(name string) (int, error) {
	if g, err := user.LookupGroup(name); err == nil {
		return strconv.Atoi(g.Gid)
	}
	return getent("group", name)
}

// lookupTimeout is for a directory that the system's lists are in.
const lookupTimeout = 5 * time.Second

// getent asks the system's lists of users, which need not be in files alone (sssd,
// LDAP); a static program does not get there by itself. It takes numbers, too, and
// OpenVPN does not.
func getent(list, name string) (int, error) {
	ctx, cancel := context.WithTimeout(context.Background(), lookupTimeout)
	defer cancel()
	out, err := exec.CommandContext(ctx, "getent", list, "--", name).Output()
	fields := strings.Split(string(out), ":")
	if err != nil || len(fields) < 3 || fields[0] != name {
		return 0, cmp.Or(err, errors.New("no answer"))
	}
	id, err := strconv.Atoi(fields[2])
	if err != nil {
		return 0, fmt.Errorf("getent %s: %w", list, err)
	}
	return id, nil
}

// accounts: whom OpenVPN becomes has to be there (src/openvpn/platform.c,
// platform_user_get and platform_group_get).
func (j *judge) accounts() {
	j.account("user", j.host.UserID, "useradd --system --user-group --shell /usr/sbin/nologin ")
	j.account("group", j.host.Group, "groupadd --system ")
}

// alike is the group of nobody in Debian and its like, and in others.
var alike = map[string]string{"nobody": "nogroup", "nogroup": "nobody"}

// account proposes the one of our package, where there is one; add is the command
// that makes the one that is missing.
func (j *judge) account(option string, find func(string) (int, error), add string) {
	d, found := j.Last(option)
	name := d.Arg(1)
	if !found || name == "" {
		return
	}
	if _, err := find(name); err == nil {
		return
	}
	mend := add + name
	for _, other := range []string{alike[name], programName} {
		if _, err := find(other); err == nil {
			mend = option + " " + other
		}
	}
	j.add(Problem, d.Place, fmt.Sprintf("there is no %s %q on this host", option, name), "OpenVPN does not start", mend)
}
