package doctor

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"

	"ovpn-verify/backends/tlsclient"
	"ovpn-verify/verify/openvpn/serverconf"
	"ovpn-verify/verify/primary"
)

// Directory is what the backend's servers said.
type Directory struct {
	Backend string // "ldap" or "radius"; others ask nobody
	Config  string // the configuration's path
	Line    int    // of the servers in it
	CAFile  string // the authority that is trusted; "": the system's
	Servers []primary.Inspection
}

// key has the servers in the backend's section.
func (d Directory) key() string {
	if d.Backend == "ldap" {
		return "urls"
	}
	return "servers"
}

// Judge tells of servers that could not decide a login now.
func (d Directory) Judge() Area {
	var able []string
	for _, s := range d.Servers {
		if s.Err == nil {
			able = append(able, s.Server)
		}
	}
	a := Area{Name: "directory", Seen: strings.Join(able, ", ")}
	if d.Backend != "ldap" && d.Backend != "radius" {
		a.Seen = "the users file: nobody else is asked"
		return a
	}
	if len(able) == 0 {
		a.Seen = "none"
	}
	for _, s := range d.Servers {
		if s.Err != nil {
			d.tell(&a, s, able)
		}
	}
	return a
}

func (d Directory) tell(a *Area, s primary.Inspection, able []string) {
	severity, effect := serverconf.Problem, unavailable
	mend := d.line(s.Mend)
	if c, ok := errors.AsType[*tlsclient.CertificateError](s.Err); ok && c.UnknownAuthority() && d.Backend == "ldap" {
		mend = d.trust()
		effect += "; compare the fingerprint that the command shows before you trust it"
	}
	switch {
	case len(able) > 0:
		severity, effect = serverconf.Warning, "a login that comes to it first waits for the next server, and when that one is away, too, logins are answered as unavailable"
		if mend == "" {
			mend = d.line(fmt.Sprintf("%s.%s = %s", d.Backend, d.key(), list(able)))
		}
	case d.Backend == "radius":
		effect += ", unless the server only leaves this question unanswered: `ovpn-verify check USER` tells"
	}
	if mend == "" && unreachable(s.Err) {
		effect += fmt.Sprintf("; start it, let packets through to it, or name another one in %s.%s", d.Backend, d.key())
	}
	a.add(severity, serverconf.Place{File: d.Config, Line: d.Line}, s.Err.Error(), effect, mend)
}

// unreachable: nobody was there to say anything.
func unreachable(err error) bool {
	_, network := errors.AsType[*net.OpError](err)
	_, name := errors.AsType[*net.DNSError](err)
	return network || name
}

// trust is the command that trusts the authority which the directory shows. One that
// was trusted before stays: a directory may be moving from one to the other.
func (d Directory) trust() string {
	show := fmt.Sprintf("ovpn-verify --config %s config ca", d.Config)
	if d.CAFile != "" {
		return show + " >>" + d.CAFile
	}
	file := filepath.Join(filepath.Dir(d.Config), "ca.pem")
	return fmt.Sprintf("%s >%s && sed -i '/^\\[ldap\\]/a ca_file = \"%s\"' %s", show, file, file, d.Config)
}

// line names the file of a line of the configuration.
func (d Directory) line(mend string) string {
	if strings.HasPrefix(mend, d.Backend+".") {
		return mend + " in " + d.Config
	}
	return mend
}

func list(words []string) string {
	quoted := slices.Clone(words)
	for i := range quoted {
		quoted[i] = fmt.Sprintf("%q", quoted[i])
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}
