package serverconf_test

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"ovpn-verify/verify/openvpn/serverconf"
)

var update = flag.Bool("update", false, "write what is found into the .txt files")

const testdata = "../../../testdata/serverconf"

// Every configuration has beside it exactly what is found in it; without such a
// file it is nothing. A line ";@ name value" changes what our own configuration says.
func TestFindings(t *testing.T) {
	dir, err := filepath.Abs(testdata)
	if err != nil {
		t.Fatal(err)
	}
	paths, err := filepath.Glob(filepath.Join(dir, "*.conf"))
	if err != nil || len(paths) < 30 {
		t.Fatalf("%d configurations, %v", len(paths), err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			got := findings(t, path)
			report := strings.TrimSuffix(path, ".conf") + ".txt"
			if *update && got != "" {
				if err := os.WriteFile(report, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(report)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got:\n%swant:\n%s", got, want)
			}
		})
	}
}

func findings(t *testing.T, path string) string {
	t.Helper()
	conf, err := serverconf.Read(path, filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := serverconf.Write(&b, serverconf.Judge(conf, ours(t, path), host)); err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(b.String(), filepath.Dir(path)+"/", "")
	return strings.ReplaceAll(text, filepath.Dir(path), "DIR")
}

func ours(t *testing.T, path string) serverconf.Ours {
	t.Helper()
	o := serverconf.Ours{
		Program: "/usr/local/bin/ovpn-verify", Config: "/etc/ovpn-verify/config.toml",
		Files:    []string{"/etc/ovpn-verify/ldap.secret", "/etc/ovpn-verify/gone"},
		Deadline: 45 * time.Second, SecondFactor: true, Lifetime: 12 * time.Hour,
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(content)) {
		setting, found := strings.CutPrefix(line, ";@ ")
		if !found {
			continue
		}
		name, value, _ := strings.Cut(strings.TrimSpace(setting), " ")
		d, _ := time.ParseDuration(value)
		switch name {
		case "deadline":
			o.Deadline = d
		case "lifetime":
			o.Lifetime = d
		case "factor":
			o.SecondFactor = value != "none"
		case "config":
			o.Config = value
		case "matches":
			o.MatchesName = true
		default:
			t.Fatalf("what is %q?", name)
		}
	}
	return o
}

// host is a machine that looks the same wherever the tests run.
var host = serverconf.Host{
	Stat: func(path string) (fs.FileInfo, error) {
		f, found := files[path]
		if !found {
			return nil, &fs.PathError{Op: "stat", Path: path, Err: syscall.ENOENT}
		}
		return f, nil
	},
	UserID: account("nobody", 65534),
	Group:  account("nogroup", 65534),
}

func account(known string, id int) func(string) (int, error) {
	return func(name string) (int, error) {
		if name != known {
			return 0, errors.New("unknown")
		}
		return id, nil
	}
}

type file struct {
	fs.FileInfo
	mode     fs.FileMode
	uid, gid uint32
}

func (f file) Mode() fs.FileMode { return f.mode }
func (f file) IsDir() bool       { return f.mode.IsDir() }
func (f file) Sys() any          { return &syscall.Stat_t{Uid: f.uid, Gid: f.gid} }

var files = map[string]file{
	"/":                                   {mode: fs.ModeDir | 0o755},
	"/tmp":                                {mode: fs.ModeDir | 0o777},
	"/run/private":                        {mode: fs.ModeDir | 0o700},
	"/etc/ovpn-verify":                    {mode: fs.ModeDir | 0o750},
	"/etc/ovpn-verify/config.toml":        {mode: 0o640},
	"/etc/ovpn-verify/ldap.secret":        {mode: 0o600, uid: 1000},
	"/usr/local/bin/ovpn-verify":          {mode: 0o755},
	"/srv/vpn":                            {mode: fs.ModeDir | 0o750, gid: 65534},
	"/srv/vpn/config.toml":                {mode: 0o640, gid: 65534},
	"/etc/openvpn/private.toml":           {mode: 0o640},
	"/etc/openvpn/verify.toml":            {mode: 0o644},
	"/etc/openvpn/check.sh":               {mode: 0o755},
	"/etc/openvpn/not-executable.sh":      {mode: 0o644},
	"/prison/tmp":                         {mode: fs.ModeDir | 0o777},
	"/prison/usr/local/bin/ovpn-verify":   {mode: 0o755},
	"/prison/etc/ovpn-verify/config.toml": {mode: 0o644},
}

func TestUnreadableServerConfIsAnError(t *testing.T) {
	if _, err := serverconf.Read(filepath.Join(testdata, "no-such.conf"), testdata); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

func TestThisHostKnowsItself(t *testing.T) {
	h := serverconf.ThisHost()
	if id, err := h.UserID("root"); err != nil || id != 0 {
		t.Errorf("user root: %d, %v", id, err)
	}
	if id, err := h.Group("root"); err != nil || id != 0 {
		t.Errorf("group root: %d, %v", id, err)
	}
	if info, err := h.Stat("/"); err != nil || !info.IsDir() {
		t.Errorf("/: %v, %v", info, err)
	}
	if _, err := h.UserID("no such user"); err == nil {
		t.Error("a user was made up")
	}
}

// What a configuration holds beside options stays where it is.
func TestInlineFilesAreNotShown(t *testing.T) {
	path := filepath.Join(t.TempDir(), "server.conf")
	if err := os.WriteFile(path, []byte("<key>\nsecret-line\n</key>\n<tls-auth>\nsecret-line\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	conf, err := serverconf.Read(path, "/")
	if err != nil || len(conf.Directives) != 1 || conf.Directives[0].Line != 1 {
		t.Fatalf("%+v, %v", conf, err)
	}
	if got := findings(t, path); strings.Contains(got, "secret-line") || !strings.Contains(got, "server.conf:4: problem: </tls-auth> is missing") {
		t.Errorf("%s", got)
	}
}
