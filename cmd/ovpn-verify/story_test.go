package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"ovpn-verify/backends/backendtest/fakeldap"
	"ovpn-verify/backends/backendtest/fakeradius"
	"ovpn-verify/scripts/testbed"
)

// binary is the real program, built for the run: front is done before main.
var binary string

func TestMain(m *testing.M) { os.Exit(runTests(m)) }

func runTests(m *testing.M) int {
	var remove func()
	var err error
	if binary, remove, err = testbed.BuildProgram(); err != nil {
		panic(err)
	}
	defer remove()
	return m.Run()
}

// TestStories runs the scripts under testdata/stories: each is a login, or
// several, as a process, an environment and three files. Besides testscript's
// own commands they know those in the table below.
func TestStories(t *testing.T) {
	p := storyParams()
	p.Dir = "../../testdata/stories"
	testscript.Run(t, p)
}

func storyParams() testscript.Params {
	return testscript.Params{
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", filepath.Dir(binary)+":"+env.Getenv("PATH"))
			env.Setenv("PROGRAM", binary)
			env.Setenv("OVPN_VERIFY_CONFIG", filepath.Join(env.WorkDir, "config.toml"))
			s := &story{dir: env.WorkDir, calls: map[string]*testbed.Deferred{}, ports: map[string]int{}}
			env.Values["story"] = s
			env.Defer(s.end)
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"on-terminal":        onTerminal,
			"openvpn-call":       openvpnCall,
			"openvpn-connect":    openvpnConnect,
			"openvpn-disconnect": openvpnDisconnect,
			"connected":          expectConnected,
			"status":             expectStatus,
			"verdict":            expectVerdict,
			"reason":             expectReason,
			"output":             expectOutput,
			"challenge":          takeChallenge,
			"json":               expectJSON,
			"seed":               takeSeed,
			"code":               makeCode,
			"static":             makeStatic,
			"recovery":           takeRecoveryCode,
			"secret":             noteSecret,
			"secret-file":        noteSecretFile,
			"clean":              expectClean,
			"workers":            expectWorkers,
			"kill-workers":       killWorkers,
			"wait-gone":          waitGone,
			"wait-log":           waitLog,
			"wait-status":        waitStatus,
			"fake-ldap":          startLDAP,
			"fake-radius":        startRADIUS,
			"chmod":              changeMode,
			"env-config":         writeConfig,
			"env-file":           fillIn,
		},
	}
}

// story is what one script has done so far.
type story struct {
	dir     string
	last    testbed.Result
	session testbed.SessionResult
	ports   map[string]int // of each user's last login
	logins  int
	calls   map[string]*testbed.Deferred // started and not waited for
	seen    strings.Builder              // everything a client or OpenVPN's log was shown
	secrets []string
	ldap    *fakeldap.Server
	radius  *fakeradius.Server
}

func of(ts *testscript.TestScript) *story { return ts.Value("story").(*story) }

// end ends what the story started and looks for secrets in what it showed.
func (s *story) end() {
	for _, w := range testbed.Workers(s.dir) {
		_ = w.Kill()
	}
	if s.ldap != nil {
		s.ldap.Close()
	}
	if s.radius != nil {
		s.radius.Close()
	}
}

// callTimeout is far above any verdict's time; a call that needs it hangs.
const callTimeout = 30 * time.Second

// openvpnCall [-start] [OPTION…] USER FIELD
func openvpnCall(ts *testscript.TestScript, neg bool, args []string) {
	s := of(ts)
	start := len(args) > 0 && args[0] == "-start"
	if start {
		args = args[1:]
	}
	call, args := s.parseCall(ts, args, 2)
	call.Username, call.Password = args[0], args[1]
	call.Port = s.newPort(call.Username)
	s.noteField(call.Password)
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	d, err := call.Start(ctx)
	ts.Check(err)
	if start {
		s.calls[call.Username] = d
		return
	}
	s.finish(ts, d)
}

// newPort is where the user's client connects from this time: a connection of
// its own from a port of its own, as the daemon has them. An untrusted_port
// given to openvpn-call overrides it.
func (s *story) newPort(user string) int {
	s.logins++
	s.ports[user] = 50000 + s.logins
	return s.ports[user]
}

// parseCall understands NAME=VALUE, -via-env, -no-deferral, -no-config, -window TIME
// and -arg ARG, each as often as wanted, before the last arguments.
func (s *story) parseCall(ts *testscript.TestScript, args []string, last int) (testbed.Call, []string) {
	call := testbed.Call{Binary: binary, Config: filepath.Join(s.dir, "config.toml"), Window: 10 * time.Second, Env: map[string]string{}}
	for len(args) > last {
		name, value, isVariable := strings.Cut(args[0], "=")
		switch {
		case args[0] == "-via-env":
			call.ViaEnv = true
		case args[0] == "-no-deferral":
			call.NoDeferral = true
		case args[0] == "-no-config":
			call.Config = ""
		case args[0] == "-window":
			window, err := time.ParseDuration(args[1])
			ts.Check(err)
			call.Window, args = window, args[1:]
		case args[0] == "-arg":
			call.Args, args = append(call.Args, args[1]), args[1:]
		case isVariable:
			call.Env[name] = value
		default:
			ts.Fatalf("what is %q?", args[0])
		}
		args = args[1:]
	}
	return call, args
}

// finish waits for the verdict of a call.
func (s *story) finish(ts *testscript.TestScript, d *testbed.Deferred) {
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	result, err := d.Wait(ctx)
	ts.Check(err)
	s.last = result
	fmt.Fprintf(&s.seen, "%s\n%s\n", result.Output, result.Reason)
	s.lookForSecrets(ts)
}
