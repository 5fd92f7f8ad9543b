package serverconf

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Ours is what our own configuration says about the things that both have to
// agree on.
type Ours struct {
	Program      string        // the absolute path to propose for the lines of server.conf
	Config       string        // the configuration that was checked, absolute
	Files        []string      // what the daemon's user has to read besides it, absolute
	Deadline     time.Duration // login.deadline
	SecondFactor bool          // a code that is good once
	MatchesName  bool          // the certificate's name is compared with the user's
	Lifetime     time.Duration // how long a session is recognised without a new code
}

// defaultConfig is what the program reads when nobody tells it otherwise.
const defaultConfig = "/etc/ovpn-verify/config.toml"

// Host is what is looked up outside of the configuration.
type Host struct {
	Stat   func(path string) (fs.FileInfo, error)
	UserID func(name string) (int, error)
	Group  func(name string) (int, error)
}

// ThisHost looks at the machine that it runs on.
func ThisHost() Host {
	return Host{Stat: os.Stat, UserID: userID, Group: groupID}
}

// judge collects findings about one configuration.
type judge struct {
	*Conf
	ours Ours
	host Host
	call call // of auth-user-pass-verify

	findings []Finding
}

// Judge finds what is wrong, the worst first.
func Judge(c *Conf, ours Ours, host Host) []Finding {
	j := &judge{Conf: c, ours: ours, host: host}
	for _, f := range c.Faults {
		if f.Unread {
			j.add(Warning, f.Place, f.Text, "what stands there was not looked at", "")
		} else {
			j.add(Problem, f.Place, f.Text, "OpenVPN does not start", "")
		}
	}
	j.server()
	j.verification()
	j.otherScripts()
	j.window()
	j.renegotiation()
	j.tokens()
	j.names()
	j.others()
	j.folders()
	j.accounts()
	j.readers()
	Sort(j.findings)
	return j.findings
}

func (j *judge) add(s Severity, at Place, what, effect, mend string) {
	j.findings = append(j.findings, Finding{at, s, what, effect, mend})
}

// here is the file as a whole: where something is missing.
func (j *judge) here() Place { return Place{File: j.Path} }

// server: the rest makes sense in server mode only.
func (j *judge) server() {
	mode, _ := j.Last("mode")
	if !j.Has("server", "server-bridge", "server-ipv6") && mode.Arg(1) != "server" {
		j.add(Problem, j.here(), "neither `server` nor `mode server`", "OpenVPN starts as a client, or not at all: is this the server's configuration?", "server 10.8.0.0 255.255.255.0")
	}
}

// number is an argument as OpenVPN reads it (positive_atoi): digits up to what is
// none, 0 without any.
func number(text string) int {
	n := 0
	for _, c := range []byte(text) {
		if c < '0' || c > '9' || n > 1<<30 {
			break
		}
		n = n*10 + int(c-'0')
	}
	return n
}

// seconds is an option's number, or what OpenVPN takes without it.
func (j *judge) seconds(name string, otherwise int) (int, Place) {
	d, found := j.Last(name)
	if !found || d.Arg(1) == "" {
		return otherwise, j.here()
	}
	return number(d.Arg(1)), d.Place
}

func duration(seconds int) time.Duration { return time.Duration(seconds) * time.Second }

// chroot is the folder that is the daemon's "/" once it runs, or "".
func (j *judge) chroot() string {
	if d, found := j.Last("chroot"); found && d.Arg(1) != "" {
		return j.Resolve(d.Arg(1))
	}
	return ""
}

// inChroot is where the daemon finds a path once it runs.
func (j *judge) inChroot(path string) string {
	if dir := j.chroot(); dir != "" {
		return filepath.Join(dir, path)
	}
	return path
}

// fromChroot is what a path is called there.
func (j *judge) fromChroot(path string) string {
	if dir := j.chroot(); dir != "" {
		if inside, found := strings.CutPrefix(path, dir+"/"); found {
			return "/" + inside
		}
	}
	return path
}

// same tells whether two paths lead to one file.
func (j *judge) same(a, b string) bool {
	if a == b {
		return true
	}
	first, err := j.host.Stat(a)
	second, err2 := j.host.Stat(b)
	return err == nil && err2 == nil && os.SameFile(first, second)
}

// spoken is a time without the zeros at its end.
func spoken(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
