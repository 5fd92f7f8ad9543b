package doctor

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ovpn-verify/verify/openvpn/serverconf"
)

// UnitFolders are where systemd looks for units, the first of one name counts
// (systemd.unit(5)).
var UnitFolders = []string{"/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"}

// Unit is the systemd unit of a server, with its drop-ins.
type Unit struct {
	Name     string // openvpn-server@vpn.service
	Path     string // "": there is no such unit
	Settings []setting
	Err      error
}

// setting is a line of the section [Service].
type setting struct {
	serverconf.Place
	key, value string
}

// UnitOf is the stock unit that runs a server.conf, by the folder that holds it, or "".
func UnitOf(path string) string {
	name, isConf := strings.CutSuffix(filepath.Base(path), ".conf")
	switch dir := filepath.Dir(path); {
	case !isConf:
		return ""
	case dir == "/etc/openvpn/server":
		return "openvpn-server@" + name + ".service"
	case dir == "/etc/openvpn":
		return "openvpn@" + name + ".service"
	}
	return ""
}

// LookAtUnit reads the unit and the drop-ins of its own and of its template.
func LookAtUnit(name string, folders []string) Unit {
	u := Unit{Name: name}
	if name == "" {
		return u
	}
	names := []string{name}
	if prefix, instance, isInstance := strings.Cut(name, "@"); isInstance && instance != ".service" {
		names = append(names, prefix+"@.service")
	}
	for _, n := range names {
		for _, folder := range folders {
			path := filepath.Join(folder, n)
			if _, err := os.Stat(path); u.Path == "" && err == nil {
				u.Path = path
			}
		}
	}
	if u.Path == "" {
		return u
	}
	for _, path := range append([]string{u.Path}, dropIns(append(names, "service"), folders)...) {
		u.read(path)
	}
	return u
}

// dropIns, also those of every service, are sorted by their file names, whatever folder they are in; of one name
// the first counts: the unit's own before the template's, and /etc before /usr.
func dropIns(names, folders []string) []string {
	byName := map[string]string{}
	for _, n := range names {
		for _, folder := range folders {
			found, _ := filepath.Glob(filepath.Join(folder, n+".d", "*.conf"))
			for _, path := range found {
				if _, known := byName[filepath.Base(path)]; !known {
					byName[filepath.Base(path)] = path
				}
			}
		}
	}
	paths := make([]string, 0, len(byName))
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		paths = append(paths, byName[name])
	}
	return paths
}

func (u *Unit) read(path string) {
	content, err := os.ReadFile(path)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) { // a drop-in may go while we look
			u.Err = errors.Join(u.Err, err)
		}
		return
	}
	u.Settings = append(u.Settings, parseUnit(path, string(content))...)
}

// parseUnit returns the lines of [Service]. A line that ends in a backslash goes on in
// the next one, comments in between left out (systemd.syntax(7)).
func parseUnit(path, content string) (settings []setting) {
	section, joined := "", ""
	for i, line := range strings.Split(content, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		if head, more := strings.CutSuffix(line, `\`); more {
			joined += head + " "
			continue
		}
		line, joined = joined+line, ""
		if line[0] == '[' {
			section = line
		} else if key, value, found := strings.Cut(line, "="); found && section == "[Service]" {
			settings = append(settings, setting{serverconf.Place{File: path, Line: i + 1}, strings.TrimSpace(key), strings.TrimSpace(value)})
		}
	}
	return settings
}

// Options are those that the unit has on OpenVPN's command line, before and after
// --config.
func (u Unit) Options() (before, after []serverconf.Directive) {
	s, _ := u.last("ExecStart")
	options := &before
	for word := range strings.FieldsSeq(s.value) {
		name, isOption := strings.CutPrefix(word, "--")
		switch last := len(*options) - 1; {
		case name == "config" && isOption:
			options = &after
		case isOption:
			*options = append(*options, serverconf.Directive{Place: s.Place, Words: []string{name}})
		case last >= 0:
			(*options)[last].Words = append((*options)[last].Words, strings.Trim(word, `"'`))
		}
	}
	return before, after
}

// masked: a link to /dev/null takes the unit's place.
func (u Unit) masked() bool {
	target, err := filepath.EvalSymlinks(u.Path)
	return err == nil && target == os.DevNull
}

// last is the setting that counts where one line does.
func (u Unit) last(key string) (setting, bool) {
	for _, s := range slices.Backward(u.Settings) {
		if s.key == key {
			return s, s.value != ""
		}
	}
	return setting{}, false
}

// all are the words of a list, which an empty line resets.
func (u Unit) all(key string) (words []string, at serverconf.Place) {
	for _, s := range u.Settings {
		if s.key != key {
			continue
		}
		if s.value == "" {
			words = nil
		}
		words, at = append(words, strings.Fields(s.value)...), s.Place
	}
	return words, at
}

// Program is the OpenVPN that the unit starts, or "".
func (u Unit) Program() string {
	s, _ := u.last("ExecStart")
	fields := strings.Fields(strings.TrimLeft(s.value, "-@:+!|"))
	if len(fields) == 0 {
		return ""
	}
	return fields[0]
}
