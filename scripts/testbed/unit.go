package testbed

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// stockUnit is what OpenVPN's own package brings.
const stockUnit = "/usr/lib/systemd/system/openvpn-server@.service"

// StartUnit starts OpenVPN on the host as systemd starts openvpn-server@instance:
// with the working folder, the limits, the capabilities and the sandbox that the
// unit and its drop-ins ask for. It has to listen on UDP at this port with a
// certificate of the network's authority. A setting that is not known here is an
// error, so that what a newer unit asks for is not left out unseen.
func (h *Host) StartUnit(instance string, port int) (*Server, error) {
	unit, err := h.readUnit(instance)
	if err != nil {
		return nil, fmt.Errorf("testbed: %w", err)
	}
	script, err := unit.script()
	if err != nil {
		return nil, fmt.Errorf("testbed: %w", err)
	}
	cmd := h.Command(context.Background(), "unshare", "--mount", "--propagation", "private", "sh", "-c", script)
	return h.serve(cmd, port)
}

// unit has the values of each setting of [Service], the drop-ins' last.
type unit map[string][]string

func (h *Host) readUnit(instance string) (unit, error) {
	files, _ := filepath.Glob(h.Path(stockUnit + ".d/*.conf"))
	u := unit{}
	for _, path := range append([]string{h.Path(stockUnit)}, files...) {
		content, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		section := ""
		for line := range strings.SplitSeq(string(content), "\n") {
			line = strings.NewReplacer("%i", instance, "%t", "/run").Replace(strings.TrimSpace(line))
			name, value, isSetting := strings.Cut(line, "=")
			switch {
			case strings.HasPrefix(line, "["):
				section = line
			case isSetting && section == "[Service]" && line[0] != '#':
				u[name] = append(u[name], value)
			}
		}
	}
	return u, nil
}

func (u unit) last(name string) string {
	if values := u[name]; len(values) > 0 {
		return values[len(values)-1]
	}
	return ""
}

// Settings that are not for the script: those of the service manager itself, with
// ReadWritePaths=, which only takes back what the script does not do, and those
// that go with the command.
var (
	managers    = []string{"Type", "KillMode", "Restart", "RestartSec", "OOMPolicy", "ReadWritePaths"}
	withCommand = []string{"CapabilityBoundingSet", "LimitNPROC", "TasksMax", "ExecStart"}
)

// applied are the script's lines for each of the others.
var applied = map[string]func(u unit, value string) string{
	"WorkingDirectory": func(_ unit, value string) string { return "cd " + value },
	"PrivateTmp": func(unit, string) string {
		return "mount -t tmpfs -o mode=1777 tmpfs /tmp\nmount -t tmpfs -o mode=1777 tmpfs /var/tmp"
	},
	"ProtectSystem": func(_ unit, value string) string {
		folders := map[string]string{"true": "/usr /boot", "full": "/usr /boot /etc"}[value]
		return "for d in " + folders + "; do mount --bind $d $d; mount -o remount,bind,ro $d; done"
	},
	"ProtectHome": func(unit, string) string {
		return "mkdir -p /run/user\nfor d in /home /root /run/user; do mount -t tmpfs -o ro,mode=0000 tmpfs $d; done"
	},
	"DeviceAllow": unit.devices,
}

// script comes to the command last, when all else is in place.
func (u unit) script() (string, error) {
	lines := []string{"set -e", "install -d -m 0710 /run/openvpn-server"} // as its tmpfiles.d has it
	for _, name := range slices.Sorted(maps.Keys(u)) {
		apply, known := applied[name]
		switch {
		case known:
			lines = append(lines, apply(u, u.last(name)))
		case !slices.Contains(managers, name) && !slices.Contains(withCommand, name):
			return "", fmt.Errorf("the unit has %s=%s, which this does not know", name, u.last(name))
		}
	}
	return strings.Join(append(lines, u.command()), "\n"), nil
}

// devices leaves what is allowed, and what systemd allows everybody.
func (u unit) devices(string) string {
	lines := []string{"mkdir /run/dev", "mount --rbind /dev /run/dev", "mount -t tmpfs -o mode=0755 tmpfs /dev", "mkdir /dev/net /dev/shm"}
	for _, name := range []string{"zero", "full", "random", "urandom", "tty", "ptmx"} {
		lines = append(lines, fmt.Sprintf("cp -a /run/dev/%s /dev/%[1]s", name))
	}
	for _, allowed := range u["DeviceAllow"] {
		name, _, _ := strings.Cut(strings.TrimPrefix(allowed, "/dev/"), " ")
		lines = append(lines, fmt.Sprintf("cp -a /run/dev/%s /dev/%[1]s", name))
	}
	return strings.Join(append(lines, "umount -R /run/dev"), "\n")
}

// command applies the limits to OpenVPN alone. A limit of the unit's tasks is
// taken for one of the user's, which is no wider.
func (u unit) command() string {
	var command strings.Builder
	command.WriteString("exec")
	for _, limit := range append(u["TasksMax"], u.last("LimitNPROC")) {
		if limit != "" && limit != "infinity" {
			command.WriteString(" prlimit --nproc=" + limit)
		}
	}
	if capabilities := u.last("CapabilityBoundingSet"); capabilities != "" {
		set := strings.ReplaceAll(strings.ToLower(capabilities), "cap_", "+")
		command.WriteString(" setpriv --bounding-set=-all," + strings.ReplaceAll(set, " ", ","))
	}
	return command.String() + " " + u.last("ExecStart")
}
