package doctor

import (
	"cmp"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"ovpn-verify/verify/openvpn/serverconf"
)

// What OpenVPN, the program and its worker need at once, as front reckons it
// (verify/front/room_linux.go): it starts a worker only where six more could follow, so
// that neither OpenVPN nor the worker finds none left. A thousand logins at once were
// tried with ten. A worker that takes over from another, of up to six, needs the same
// room beside it.
const (
	needed  = 9
	handing = 15
)

// roomy is what is proposed: OpenVPN, its scripts, and two workers while one takes
// over from the other.
const roomy = 64

// UnitNeeds is what logins need of the unit that runs the server.
type UnitNeeds struct {
	OneEach bool     // a worker for each login
	Reads   []string // program, configuration and what it names
	Writes  []string // folders of what outlives a login
	Reports []string // folders of log and metrics, without which logins go on
	Root    bool     // the service's processes stay root's
}

// Judge tells which of the unit's limits logins do not get along with.
func (u Unit) Judge(needs UnitNeeds) Area {
	a := Area{Name: "unit", Seen: u.Name + " in " + u.Path}
	switch {
	case u.Name == "" || u.Path == "":
		a.Seen = "not looked at"
		what := "no systemd unit is known to run it"
		if u.Name != "" {
			what = "there is no systemd unit " + u.Name
		}
		a.add(serverconf.Note, serverconf.Place{File: cmp.Or(u.Name, "systemd")}, what, "what limits OpenVPN's processes was not looked at: name the unit with --unit", "")
		return a
	case u.masked():
		a.add(serverconf.Note, serverconf.Place{File: u.Path}, "the unit is masked", "systemd does not start this server", "systemctl unmask "+u.Name)
	case u.Err != nil:
		a.add(serverconf.Note, serverconf.Place{File: u.Path}, u.Err.Error(), "what stands there was not looked at", "")
	}
	u.processes(&a, needs)
	u.homes(&a, needs)
	u.readOnly(&a, needs)
	u.sockets(&a)
	return a
}

// mend is the command that gives the setting a value from now on: a drop-in, read
// after those that others have made.
func (u Unit) mend(line string) string {
	key, _, _ := strings.Cut(line, "=")
	folder := filepath.Join(UnitFolders[0], u.Name+".d")
	if !slices.Contains(UnitFolders, filepath.Dir(u.Path)) {
		folder = filepath.Join(filepath.Dir(u.Path), u.Name+".d")
	}
	return fmt.Sprintf("mkdir -p %[1]s && printf '[Service]\\n%[2]s\\n' >%[1]s/zz-ovpn-verify-%[3]s.conf && systemctl daemon-reload && systemctl restart %[4]s",
		folder, line, key, u.Name)
}

// processes: threads count. LimitNPROC counts those of the user, also in other
// services, and not root's; TasksMax those of the service.
func (u Unit) processes(a *Area, needs UnitNeeds) {
	for _, key := range []string{"LimitNPROC", "TasksMax"} {
		s, found := u.last(key)
		n, limited := limit(s.value)
		if !found || !limited || key == "LimitNPROC" && needs.Root {
			continue
		}
		line := fmt.Sprintf("%s=%d", key, roomy)
		what := fmt.Sprintf("%s=%s, and OpenVPN, the program and its worker need %d processes and threads, %d while one worker takes over from another", key, s.value, needed, handing)
		switch {
		case n < needed:
			a.add(serverconf.Problem, s.Place, what, "no worker can be started: nobody gets in", u.mend(line))
		case n < handing:
			a.add(serverconf.Warning, s.Place, what, "users who log in right after a change of the configuration or the program are told to try again, as long as logins from before it are pending", u.mend(line))
		case needs.OneEach && n < roomy:
			a.add(serverconf.Warning, s.Place, fmt.Sprintf("%s=%s, and worker.linger = \"0s\" starts a worker of four threads or more for each login", key, s.value),
				"of a few users who log in at once some are refused", u.mend(line))
		}
	}
}

func limit(value string) (n int, limited bool) {
	soft, _, _ := strings.Cut(value, ":")
	if soft == "infinity" || soft == "" || strings.HasSuffix(soft, "%") {
		return math.MaxInt, false
	}
	n, err := strconv.Atoi(soft)
	return n, err == nil
}

// homes: what the unit hides from its processes, or lets them read alone
// (systemd.exec(5)).
func (u Unit) homes(a *Area, needs UnitNeeds) {
	s, found := u.last("ProtectHome")
	if !found || slices.Contains([]string{"no", "false", "0", "off"}, s.value) {
		return
	}
	hidden := needs.Writes
	if s.value != "read-only" {
		hidden = slices.Concat(needs.Reads, needs.Writes)
	}
	for _, path := range hidden {
		if inside(path, "/home", "/root", "/run/user") {
			a.add(serverconf.Problem, s.Place, fmt.Sprintf("ProtectHome=%s keeps %s from OpenVPN and what it starts", s.value, path), unavailable, u.mend("ProtectHome=no"))
			return
		}
	}
}

// sockets: front hands logins over through one of AF_UNIX. The first line says whether
// those named are allowed or denied, and each of the later ones adds to it or takes
// away from it (systemd.exec(5)).
func (u Unit) sockets(a *Area) {
	const unix = "AF_UNIX"
	allowed, first, at := true, true, serverconf.Place{}
	for _, s := range u.Settings {
		if s.key != "RestrictAddressFamilies" {
			continue
		}
		at = s.Place
		if s.value == "" {
			allowed, first = true, true
			continue
		}
		named, denying := strings.CutPrefix(s.value, "~")
		if first || slices.Contains(strings.Fields(named), unix) {
			allowed = denying != slices.Contains(strings.Fields(named), unix)
		}
		first = false
	}
	if !allowed {
		a.add(serverconf.Problem, at, "RestrictAddressFamilies keeps OpenVPN, and what it starts, from "+unix+" sockets",
			"logins cannot be handed to the worker, and are refused", u.mend("RestrictAddressFamilies="+unix))
	}
}

// readOnly: where nobody may write, the state cannot be kept.
func (u Unit) readOnly(a *Area, needs UnitNeeds) {
	readOnly, at := u.all("ReadOnlyPaths")
	if s, _ := u.last("ProtectSystem"); s.value == "strict" {
		readOnly, at = []string{"/"}, s.Place
	}
	writable, _ := u.all("ReadWritePaths")
	for key, above := range map[string]string{"StateDirectory": "/var/lib", "LogsDirectory": "/var/log", "RuntimeDirectory": "/run"} {
		made, _ := u.all(key)
		for _, dir := range made {
			writable = append(writable, filepath.Join(above, dir))
		}
	}
	var missing []string // one line for all: the next would be in the same file
	for _, dir := range slices.Concat(needs.Writes, needs.Reports) {
		if inside(dir, readOnly...) && !inside(dir, writable...) && !slices.Contains(missing, dir) {
			missing = append(missing, dir)
		}
	}
	mend := u.mend("ReadWritePaths=" + strings.Join(missing, " "))
	for _, dir := range missing {
		severity, effect := serverconf.Warning, "logins go on, without the log or the metrics that belong there"
		if slices.Contains(needs.Writes, dir) {
			severity, effect = serverconf.Problem, "nothing can be remembered: logins that need the state are answered as unavailable"
		}
		a.add(severity, at, "the unit lets nobody write to "+dir, effect, mend)
	}
}

func inside(path string, folders ...string) bool {
	return slices.ContainsFunc(folders, func(f string) bool {
		f = strings.TrimLeft(f, "-+")
		return f == "/" || path == f || strings.HasPrefix(path, strings.TrimSuffix(f, "/")+"/")
	})
}
