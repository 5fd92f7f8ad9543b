package doctor

import (
	"cmp"
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"

	"ovpn-verify/verify/openvpn/serverconf"
)

// versionTimeout bounds `openvpn --version`, which takes some milliseconds.
const versionTimeout = 10 * time.Second

// packaged is where distributions put the program. Only for that one what the
// distribution says of its package counts.
const packaged = "/usr/sbin/openvpn"

// OpenVPN is the program that is installed.
type OpenVPN struct {
	Path    string
	Version version
	Err     error           // nothing is known of the version
	Mended  map[string]bool // holes that the distribution has mended in this version
	Unsure  bool            // the program is a distribution's, and its list of changes is not here
}

// version is 2.6.14, or 2.7.0 for 2.7_rc1.
type version [3]int

func (v version) String() string { return fmt.Sprintf("%d.%d.%d", v[0], v[1], v[2]) }

func (v version) before(w version) bool { return slices.Compare(v[:], w[:]) < 0 }

// Made when it is used: workers have this package in them, too.
var versionLine = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^OpenVPN ([0-9]+)\.([0-9]+)(?:\.([0-9]+))?`) })

// LookAtOpenVPN asks the program for its version.
func LookAtOpenVPN(ctx context.Context, path string) OpenVPN {
	o := OpenVPN{Path: path}
	ctx, cancel := context.WithTimeout(ctx, versionTimeout)
	defer cancel()
	// OpenVPN 2.5 and older exit 1 after they have told their version.
	out, err := exec.CommandContext(ctx, path, "--version").Output()
	if found := versionLine().FindSubmatch(out); found != nil {
		for i := range o.Version {
			o.Version[i], _ = strconv.Atoi(string(found[i+1]))
		}
	} else {
		o.Err = cmp.Or(err, fmt.Errorf("it says %.80q", out))
	}
	if path == packaged {
		o.Mended = mendedHoles(debianNotes, debianPackages)
		o.Unsure = o.Mended == nil
	}
	return o
}

// hole is one in OpenVPN by which the check of logins can be got around or stopped.
type hole struct {
	name   string
	closed []version // the first version of each branch without it; older branches have it
	open   func(*serverconf.Conf) bool
	when   string
	effect string
	debian []string // packages of older versions in which it is closed, and later ones of their release
}

// holes are those in the way of a login. What closed them is in OpenVPN's Changes.rst,
// for the last also in Debian's list of changes for 2.6.14-0+deb12u2, and in DSA-6376-1.
var holes = []hole{
	{"CVE-2020-15078", []version{{2, 4, 11}, {2, 5, 2}}, othersDecide, "a plugin or the management interface answers later",
		"a client gets its addresses and routes, and with auth-gen-token a token, before its login is decided", nil},
	{"CVE-2022-0547", []version{{2, 4, 12}, {2, 5, 6}}, hasPlugin, "more than one plugin answers later",
		"a login counts as right when one of them accepts it", nil},
	{"CVE-2026-13122", []version{{2, 6, 21}, {2, 7, 5}}, externalTokens, "auth-gen-token has external-auth",
		"whoever sends a malformed token stops OpenVPN, and with it everybody's connection",
		[]string{"2.6.14-0+deb12u2", "2.6.14-1+deb13u3"}},
}

func othersDecide(c *serverconf.Conf) bool { return c.Has("plugin", "management-client-auth") }
func hasPlugin(c *serverconf.Conf) bool    { return c.Has("plugin") }

func externalTokens(c *serverconf.Conf) bool {
	d, _ := c.Last("auth-gen-token")
	return slices.Contains(d.Words, "external-auth")
}

// has tells whether a version has the hole: where its branch is not listed, when it
// is older than the newest that is.
func (h hole) has(v version) bool {
	for _, closed := range h.closed {
		if v[0] == closed[0] && v[1] == closed[1] {
			return v.before(closed)
		}
	}
	return v.before(h.closed[len(h.closed)-1])
}

// answersLater is the first version in which a script may (src/openvpn/ssl_verify.c,
// auth_control_file for scripts).
var answersLater = version{2, 6, 0}

// Judge looks at what these servers need. upgrade is the command for a newer version.
func (o OpenVPN) Judge(confs []*serverconf.Conf, upgrade string) Area {
	a := Area{Name: "OpenVPN", Seen: o.Path + ", version " + o.Version.String()}
	at := serverconf.Place{File: o.Path}
	if o.Err != nil {
		a.Seen = "not looked at"
		a.add(serverconf.Note, at, "its version is not known: "+o.Err.Error(), "whether it is new enough, and has known holes, was not looked at", "")
		return a
	}
	if o.Version.before(answersLater) {
		a.add(serverconf.Warning, at, fmt.Sprintf("OpenVPN %v does not let a script answer later, as 2.6 does", o.Version),
			"everybody's packets wait for each login, and users cannot be asked for a code", upgrade)
	}
	for _, h := range holes {
		if h.has(o.Version) && !o.Mended[h.name] && slices.ContainsFunc(confs, h.open) {
			o.tell(&a, h, upgrade)
		}
	}
	return a
}

func (o OpenVPN) tell(a *Area, h hole, upgrade string) {
	severity, what := serverconf.Problem, fmt.Sprintf("OpenVPN %v has a known hole, %s, which %v closes, and %s", o.Version, h.name, h.closes(o.Version), h.when)
	if o.Unsure {
		severity = serverconf.Warning
		what += "; whether the distribution has closed it in its own way is not known"
	}
	a.add(severity, serverconf.Place{File: o.Path}, what, h.effect, upgrade)
}

// closes is the version to go to.
func (h hole) closes(v version) version {
	for _, closed := range h.closed {
		if v.before(closed) {
			return closed
		}
	}
	return h.closed[len(h.closed)-1]
}
