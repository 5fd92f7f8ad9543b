//go:build e2e

// Package e2e_test logs in through the real OpenVPN daemon, with a real client,
// against real slapd and FreeRADIUS. Each test asserts what the client saw and
// what the log says, and looks for secrets where they must not be.
package e2e_test

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"ovpn-verify/scripts/testbed"
)

// What the user reads.
const (
	refusedText     = "Login refused: wrong user name, password or code"
	unavailableText = "TEMP[backoff 30,advance no]: The login service is not available at the moment, please try again"
	unreachedText   = "The login service could not be reached, please try again in a while"
	unfinishedText  = "TEMP[backoff 30,advance no]: The login could not be completed, please try again"
)

// eventTimeout is above OpenVPN's window, so that a hang shows as no event at all.
const eventTimeout = 75 * time.Second

// binary is built for the run, where the user nobody can execute it.
var binary string

func TestMain(m *testing.M) { os.Exit(runTests(m)) }

func runTests(m *testing.M) int {
	if missing := testbed.Missing(); len(missing) > 0 {
		fmt.Println("these tests need a real OpenVPN:", strings.Join(missing, ", "))
		return 1
	}
	var remove func()
	var err error
	if binary, remove, err = testbed.BuildProgram(); err != nil {
		panic(err)
	}
	defer remove()
	defer func() {
		os.RemoveAll(packaged.dir)
		removeSlowProgram()
	}()
	return m.Run()
}

// world is one OpenVPN server that runs as nobody and asks us.
type world struct {
	*testbed.Bed
	t       *testing.T
	dir     string // configuration, secrets, state and log; nobody's own
	uid     uint32
	gid     int
	server  *testbed.Server
	secrets []string
	seeds   map[string]string
	steps   map[string]int
}

// newWorld writes nothing yet; configure and serve follow.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{Bed: testbed.New(t), t: t, seeds: map[string]string{}, steps: map[string]int{}}
	w.lookUpNobody()
	w.dir = w.Path("verify")
	if err := os.Mkdir(w.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	w.give(w.dir)
	w.write("ldap.secret", testbed.LDAPBindSecret)
	w.write("radius.secret", testbed.RadiusSecret)
	w.secrets = append(w.secrets, testbed.LDAPBindSecret, testbed.RadiusSecret)
	t.Cleanup(w.endWorkers)
	return w
}

func (w *world) path(name string) string { return filepath.Join(w.dir, name) }

// write makes a file that nobody alone may read.
func (w *world) write(name, content string) {
	w.t.Helper()
	if err := os.WriteFile(w.path(name), []byte(content), 0o600); err != nil {
		w.t.Fatal(err)
	}
	w.give(w.path(name))
}

func (w *world) give(path string) {
	w.t.Helper()
	if err := os.Chown(path, int(w.uid), w.gid); err != nil {
		w.t.Fatal(err)
	}
}

// lookUpNobody finds the user that the server runs as.
func (w *world) lookUpNobody() {
	w.t.Helper()
	nobody, err := user.Lookup("nobody")
	if err != nil {
		w.t.Fatal(err)
	}
	uid, err := strconv.ParseUint(nobody.Uid, 10, 32)
	if err != nil {
		w.t.Fatal(err)
	}
	w.uid = uint32(uid)
	if w.gid, err = strconv.Atoi(nobody.Gid); err != nil {
		w.t.Fatal(err)
	}
}

// configure writes the configuration; the sections for state and log are the same everywhere.
func (w *world) configure(sections string) {
	w.t.Helper()
	w.writeConfig(sections)
	w.run("", "config", "check")
}

func (w *world) writeConfig(sections string) {
	w.t.Helper()
	w.write("config.toml", sections+"\n[state]\npath = \"state.db\"\n[log]\nto = \"log\"\n")
}

func (w *world) serve(o testbed.ServerOptions) *testbed.Server {
	w.t.Helper()
	o.User = "nobody"
	return w.serveAsRoot(o)
}

// serveAsRoot starts a daemon that stays root.
func (w *world) serveAsRoot(o testbed.ServerOptions) *testbed.Server {
	w.t.Helper()
	o.Verify = binary + " --config " + w.path("config.toml")
	w.server = w.Server(o)
	return w.server
}

// run is a command of the administrator, who is root.
func (w *world) run(stdin string, args ...string) string {
	w.t.Helper()
	cmd := exec.Command(binary, append([]string{"--config", w.path("config.toml")}, args...)...)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		w.t.Fatalf("ovpn-verify %v: %v\n%s", args, err, out)
	}
	return string(out)
}

func (w *world) enroll(users ...string) {
	w.t.Helper()
	for _, user := range users {
		out := w.run("", "totp", "enroll", user)
		w.seeds[user] = regexp.MustCompile(`secret=([A-Z2-7]+)`).FindStringSubmatch(out)[1]
		w.secrets = append(w.secrets, w.seeds[user])
		w.steps[user] = -2
	}
}

// codeLasts is how long the first code is good for at least, from when it is asked for.
const codeLasts = 12 * time.Second

// code is a code of the user that has not been used yet. There are three within
// the skew; a test that needs more waits for time to pass.
func (w *world) code(user string) string {
	w.t.Helper()
	step := w.steps[user] + 1
	if soon := time.Now().Add(codeLasts).Unix() / 30; step < 2 {
		step = int(soon) - 1
	}
	for int64(step) > time.Now().Unix()/30+1 {
		time.Sleep(time.Second)
	}
	w.steps[user] = step
	code := codeAt(w.seeds[user], int64(step))
	w.secrets = append(w.secrets, code)
	return code
}

// attempt logs in and returns what the client saw.
func (w *world) attempt(c *testbed.Client, user, field string) testbed.Event {
	w.t.Helper()
	if len(field) > 5 {
		w.secrets = append(w.secrets, field)
	}
	if err := c.Login(user, field); err != nil {
		w.t.Fatal(err)
	}
	return w.next(c)
}

func (w *world) next(c *testbed.Client) testbed.Event {
	w.t.Helper()
	e, err := c.Next(eventTimeout)
	if err != nil {
		w.t.Fatal(err)
	}
	return e
}

func (w *world) want(e testbed.Event, kind testbed.Kind, message string) {
	w.t.Helper()
	if e.Kind != kind || message != "" && e.Message != message {
		w.t.Errorf("the client saw %v; want %s %q", e, kind, message)
	}
}

// logged waits until a line of the log matches.
func (w *world) logged(expression string) {
	w.t.Helper()
	re := regexp.MustCompile("(?m)" + expression)
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		log, _ := os.ReadFile(w.path("log"))
		if re.Match(log) {
			return
		}
		if time.Now().After(deadline) {
			w.t.Errorf("not in the log: %s\n%s", expression, log)
			return
		}
	}
}
