package doctor

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ovpn-verify/verify/openvpn/serverconf"
)

// units writes files below two folders, the first of which goes before the other.
func units(t *testing.T, files map[string]string) (folders []string) {
	t.Helper()
	dir := t.TempDir()
	folders = []string{filepath.Join(dir, "etc"), filepath.Join(dir, "usr")}
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return folders
}

// What counts is what systemd makes of a unit and its drop-ins (systemd.unit(5)).
func TestUnitIsReadAsSystemdDoes(t *testing.T) {
	folders := units(t, map[string]string{
		"usr/openvpn-server@.service":                "[Unit]\nTasksMax=1\n[Service]\nExecStart=-/opt/openvpn \\\n  --config %i.conf\nTasksMax=10\n; no\nReadWritePaths=/a /b\n",
		"usr/openvpn-server@.service.d/50-more.conf": "[Service]\nTasksMax=20\nReadWritePaths=/c\n",
		"etc/openvpn-server@.service.d/50-more.conf": "[Service]\nTasksMax=30\n",
		"etc/openvpn-server@vpn.service.d/40.conf":   "[Service]\nTasksMax=40\nReadWritePaths=\nReadWritePaths=/d\n",
		"etc/openvpn-server@other.service.d/90.conf": "[Service]\nTasksMax=90\n",
	})
	u := LookAtUnit("openvpn-server@vpn.service", folders)
	if s, _ := u.last("TasksMax"); s.value != "30" || s.Line != 2 || filepath.Base(s.File) != "50-more.conf" {
		t.Errorf("TasksMax: %+v", s)
	}
	if words, _ := u.all("ReadWritePaths"); strings.Join(words, " ") != "/d" {
		t.Errorf("ReadWritePaths: %q", words)
	}
	if u.Program() != "/opt/openvpn" || u.Err != nil {
		t.Errorf("%q, %v", u.Program(), u.Err)
	}
	if u := LookAtUnit("openvpn-client@vpn.service", folders); u.Path != "" || u.Judge(UnitNeeds{}).Seen != "not looked at" {
		t.Errorf("a unit that is not there: %+v", u)
	}
}

// What stands before the configuration's file on the command line it can overrule.
func TestOptionsOnTheUnitsCommandLine(t *testing.T) {
	folders := units(t, map[string]string{"usr/a.service": "[Service]\nExecStart=/usr/sbin/openvpn --cd /etc/openvpn --script-security 1 --config %i.conf --user \"vpn\" --persist-key\n"})
	before, after := LookAtUnit("a.service", folders).Options()
	conf := (&serverconf.Conf{Directives: []serverconf.Directive{{Words: []string{"script-security", "2"}}, {Words: []string{"user", "nobody"}}}}).Within(before, after)
	if d, _ := conf.Last("script-security"); d.Arg(1) != "2" {
		t.Errorf("script-security %s", d.Arg(1))
	}
	if d, _ := conf.Last("user"); d.Arg(1) != "vpn" || d.Line != 2 {
		t.Errorf("user: %+v", d)
	}
	if d, _ := conf.Last("cd"); d.Arg(1) != "/etc/openvpn" || conf.Has("config") || !conf.Has("persist-key") {
		t.Errorf("%+v", conf.Directives)
	}
	if before, after := (Unit{}).Options(); before != nil || after != nil {
		t.Error("options of no unit")
	}
}

func TestMaskedUnitIsNoted(t *testing.T) {
	folders := units(t, map[string]string{"usr/a.service": "[Service]\n", "etc/other.service": ""})
	if err := os.Symlink(os.DevNull, filepath.Join(folders[0], "a.service")); err != nil {
		t.Fatal(err)
	}
	a := LookAtUnit("a.service", folders).Judge(UnitNeeds{})
	if len(a.Findings) != 1 || a.Findings[0].Mend != "systemctl unmask a.service" || !a.Fine() {
		t.Errorf("%+v", a)
	}
}

func TestStockUnitsByTheConfigurationsFolder(t *testing.T) {
	for path, want := range map[string]string{
		"/etc/openvpn/server/vpn.conf": "openvpn-server@vpn.service", "/etc/openvpn/vpn.conf": "openvpn@vpn.service",
		"/srv/vpn.conf": "", "/etc/openvpn/server/vpn.inc": "",
	} {
		if got := UnitOf(path); got != want {
			t.Errorf("%s: %q", path, got)
		}
	}
}

// What a unit hides is told where logins need it, and only there.
func TestUnitThatHidesHomes(t *testing.T) {
	for setting, bad := range map[string]bool{"ProtectHome=true": true, "ProtectHome=tmpfs": true, "ProtectHome=read-only": false, "ProtectHome=no": false} {
		folders := units(t, map[string]string{"usr/a.service": "[Service]\n" + setting + "\n"})
		u := LookAtUnit("a.service", folders)
		if a := u.Judge(UnitNeeds{Reads: []string{"/home/vpn/config.toml"}}); a.Fine() == bad {
			t.Errorf("%s, the configuration in /home: %+v", setting, a)
		}
		if a := u.Judge(UnitNeeds{Reads: []string{"/etc/ovpn-verify/config.toml", "/homes/x"}}); !a.Fine() {
			t.Errorf("%s, nothing in /home: %+v", setting, a)
		}
	}
}

func TestLimitsThatAreNone(t *testing.T) {
	for value, want := range map[string]bool{"infinity": false, "": false, "15%": false, "64": true, "5:10": true} {
		if _, limited := limit(value); limited != want {
			t.Errorf("%q", value)
		}
	}
}

// Whatever stands in a unit, its settings are lines of it.
func FuzzUnit(f *testing.F) {
	f.Add("[Service]\nTasksMax=10\nExecStart=a \\\n; no\n b\n[Install]\nx=y")
	f.Add("[Service]\n=\n\\\n[\n")
	f.Fuzz(func(t *testing.T, content string) {
		lines := strings.Split(content, "\n")
		for _, s := range parseUnit("a.service", content) {
			if s.Line < 1 || s.Line > len(lines) || !strings.Contains(content, s.key) || strings.ContainsAny(s.value, "\n") {
				t.Errorf("%+v of %q", s, content)
			}
			limit(s.value)
		}
	})
}
