package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ovpn-verify/backends/backendtest/fakeldap"
	"ovpn-verify/scripts/testbed"
)

// What the user reads.
const (
	refusedText     = "Login refused: wrong user name, password or code"
	unavailableText = "TEMP[backoff 30,advance no]: The login service is not available at the moment, please try again"
	unfinishedText  = "TEMP[backoff 30,advance no]: The login could not be completed, please try again"
)

// gateway is a folder with a configuration, as an administrator has it.
type gateway struct {
	t      *testing.T
	dir    string
	binary string
	ldap   *fakeldap.Server
}

// newGateway knows Ada by a users file, or by a directory that takes delay for
// each user's bind.
func newGateway(t *testing.T, backend string, delay time.Duration) *gateway {
	t.Helper()
	g := &gateway{t: t, dir: t.TempDir(), binary: binary}
	sections := ""
	switch backend {
	case "file":
		g.write("users.toml", "[users]\nAda = \""+hashOf(t, fakeldap.ExampleUserPassword)+"\"\n")
	case "ldap":
		o := fakeldap.Example()
		o.Faults = map[fakeldap.Step]fakeldap.Fault{fakeldap.UserBind: {Delay: delay}}
		var err error
		if g.ldap, err = fakeldap.Start(o); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { g.ldap.Close() })
		g.write("ldap.secret", fakeldap.ExampleServicePassword)
		sections = fmt.Sprintf("[ldap]\nurls = [%q]\nbind_dn = %q\nbind_password_file = \"ldap.secret\"\nbase_dn = %q\n",
			g.ldap.URL(), fakeldap.ExampleServiceDN, fakeldap.ExampleBaseDN)
	}
	g.write("config.toml", fmt.Sprintf("[login]\nbackend = %q\nsecond_factor = \"none\"\n%s[state]\npath = \"state.db\"\n[log]\nto = \"log\"\n", backend, sections))
	t.Cleanup(func() {
		for _, w := range testbed.Workers(g.dir) {
			_ = w.Kill()
		}
	})
	return g
}

func (g *gateway) path(name string) string { return filepath.Join(g.dir, name) }

// write puts a file in another's place, as an editor does.
func (g *gateway) write(name, content string) {
	g.t.Helper()
	temp := g.path(name + ".new")
	if err := os.WriteFile(temp, []byte(content), 0o600); err != nil {
		g.t.Fatal(err)
	}
	if err := os.Rename(temp, g.path(name)); err != nil {
		g.t.Fatal(err)
	}
}

func (g *gateway) read(name string) string {
	content, _ := os.ReadFile(g.path(name))
	return string(content)
}

// call is Ada's, with the right password.
func (g *gateway) call() testbed.Call {
	return testbed.Call{Binary: g.binary, Config: g.path("config.toml"), Username: "Ada",
		Password: fakeldap.ExampleUserPassword, Window: 25 * time.Second}
}

func (g *gateway) run(c testbed.Call) testbed.Result {
	g.t.Helper()
	ctx, cancel := context.WithTimeout(g.t.Context(), callTimeout)
	defer cancel()
	r, err := c.Run(ctx)
	if err != nil {
		g.t.Fatal(err)
	}
	return r
}

func (g *gateway) start(c testbed.Call) *testbed.Deferred {
	g.t.Helper()
	d, err := c.Start(g.t.Context())
	if err != nil {
		g.t.Fatal(err)
	}
	return d
}

// startTaken returns when a worker has the login: OpenVPN may go on before.
func (g *gateway) startTaken(c testbed.Call) *testbed.Deferred {
	g.t.Helper()
	d := g.start(c)
	for deadline := time.Now().Add(10 * time.Second); len(fronts(c.Binary, c.Config)) > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			g.t.Fatal("no worker takes the login")
		}
	}
	return d
}

// letsIn fails unless Ada gets in.
func (g *gateway) letsIn() {
	g.t.Helper()
	if r := g.run(g.call()); !r.Accepted() {
		g.t.Errorf("Ada is not let in: %+v\n%s", r, g.read("log"))
	}
}

var hostileNames = map[string]string{
	"path":          "../../x",
	"absolute path": "/etc/passwd",
	"filter":        "*)(uid=*",
	"other filter":  "Ada)(|(uid=*",
	"DN":            "Ada,ou=people,dc=example,dc=org",
	"long":          strings.Repeat("a", 4096),
	"line end":      "Ada\nverdict=accepted",
	"controls":      "\x01\x1b[2JAda\x7f\r",
	"not UTF-8":     "Ada\xff\xfe\xc3(",
	"NUL as text":   `Ada\00`,
	"empty":         "",
	"space":         " ",
	"spaces around": " Ada ",
	"formatted":     "%s%n%x%d",
	"TOML":          "Ada\"\n[users]\nx=\"",
}

// None of these is a user, makes a file, begins a line of the log or does anything
// to the next login.
func TestHostileUserNames(t *testing.T) {
	t.Parallel()
	for _, backend := range []string{"file", "ldap"} {
		t.Run(backend, func(t *testing.T) {
			t.Parallel()
			g := newGateway(t, backend, 0)
			g.letsIn()
			for what, name := range hostileNames {
				c := g.call()
				c.Username, c.ViaEnv = name, true // a file would end the name with its line
				r := g.run(c)
				if r.Accepted() && backend == "ldap" && what == "spaces around" {
					continue // RFC 4518, section 2.6.1: a directory does not look at them
				}
				if r.Accepted() || r.Reason != refusedText {
					t.Errorf("%s: %+v", what, r)
				}
			}
			g.letsIn()
			for line := range strings.Lines(g.read("log")) {
				if !strings.HasPrefix(line, "time=") || strings.ContainsFunc(line[:len(line)-1], func(c rune) bool { return c < ' ' || c == 0x7f }) {
					t.Errorf("in the log: %q", line)
				}
			}
			for _, path := range filesBelow(t, g.dir) {
				if !strings.Contains(" config.toml users.toml ldap.secret log state.db state.db.key state.db.status ", " "+path+" ") {
					t.Errorf("made: %s", path)
				}
			}
		})
	}
}

func filesBelow(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}
