//go:build e2e

package e2e_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"ovpn-verify/scripts/testbed"
)

const serverConf = "/etc/openvpn/server/server.conf"

// reader does what a document says, on a host with OpenVPN where the program has
// been installed, at a terminal.
type reader struct {
	*world
	host    *testbed.Host
	answers map[string]string // to a prompt that ends with the key; codes are told from the enrolment
	server  *testbed.Server
	port    int
}

func newReader(t *testing.T, answers map[string]string) *reader {
	t.Helper()
	r := &reader{world: newWorld(t), answers: answers, port: 1194}
	var err error
	if r.host, err = r.StartHost(); err != nil {
		t.Fatal(err)
	}
	r.install()
	return r
}

// install is what the document's readers have before they begin: our package, and
// an OpenVPN server that lacks nothing but our lines.
func (r *reader) install() {
	r.t.Helper()
	program, err := os.ReadFile(binary)
	if err != nil {
		r.t.Fatal(err)
	}
	r.put("/usr/bin/ovpn-verify", string(program), 0o755)
	const dropIn = "lib/systemd/system/openvpn-server@.service.d/ovpn-verify.conf"
	room, err := os.ReadFile("../packaging/root/" + dropIn)
	if err != nil {
		r.t.Fatal(err)
	}
	r.shell("mkdir -p /usr/" + filepath.Dir(dropIn))
	r.put("/usr/"+dropIn, string(room), 0o644)
	files, err := r.CA.Write(r.Dir, "server", testbed.Cert{Name: "server"})
	if err != nil {
		r.t.Fatal(err)
	}
	r.shell("useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin ovpn-verify && " +
		"install -d -m 0755 /etc/ovpn-verify /etc/openvpn/server && install -d -m 0700 -o ovpn-verify -g ovpn-verify /var/lib/ovpn-verify")
	r.put(serverConf, fmt.Sprintf(`port %d
proto udp4
dev tun
topology subnet
server 10.8.0.0 255.255.255.0
keepalive 10 60
dh none
ca %s
cert %s
key %s
persist-key
persist-tun
tmp-dir /dev/shm
`, r.port, files.CA, files.Cert, files.Key), 0o644)
}

func (r *reader) put(path, content string, mode os.FileMode) {
	r.t.Helper()
	if err := os.WriteFile(r.host.Path(path), []byte(content), mode); err != nil {
		r.t.Fatal(err)
	}
}

func (r *reader) shell(line string) {
	r.t.Helper()
	if out, err := r.host.Run(line); err != nil {
		r.t.Fatalf("%s: %v\n%s", line, err, out)
	}
}

// follow does all that the document says.
func (r *reader) follow(document string) {
	r.t.Helper()
	r.do(document, readDocument(r.t, document))
}

func (r *reader) do(document string, steps []step) {
	r.t.Helper()
	for _, s := range steps {
		if r.t.Failed() {
			return
		}
		switch {
		case s.path != "":
			r.write(s)
		case s.command == "systemctl restart openvpn-server@server":
			r.restart()
		default:
			r.run(document, s)
		}
	}
}

// write adds to a file of OpenVPN's, which is there, and makes one of ours.
func (r *reader) write(s step) {
	r.t.Helper()
	before := ""
	if strings.HasSuffix(s.path, ".conf") {
		before = read(r.host.Path(s.path))
	}
	r.put(s.path, before+s.block, 0o644)
}

// restart is systemd's part, which does not run here.
func (r *reader) restart() {
	r.t.Helper()
	if r.server != nil {
		_ = r.server.Stop()
	}
	var err error
	if r.server, err = r.host.StartServer(serverConf, r.port); err != nil {
		r.t.Fatal(err)
	}
}

var (
	uriSecret = regexp.MustCompile(`otpauth://totp/[^:]*:([^?]+)\?secret=([A-Z2-7]+)`)
	codeAsked = regexp.MustCompile(`(?i)code[^\n]*: ?$`)
)

// run types a command and answers what it asks.
func (r *reader) run(document string, s step) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 90*time.Second)
	defer cancel()
	cmd := r.host.Command(ctx, "script", "--quiet", "--return", "--command", s.command, "/dev/null")
	cmd.Env = append(cmd.Env, "NO_COLOR=1", "COLUMNS=200")
	keyboard, err := cmd.StdinPipe()
	if err != nil {
		r.t.Fatal(err)
	}
	shown := &screen{answer: func(shown string) { r.answer(keyboard, shown) }}
	cmd.Stdout, cmd.Stderr = shown, shown
	err = cmd.Run()
	printed := shown.String()
	if err != nil {
		r.t.Errorf("docs/%s:%d: %s: %v\n%s", document, s.line, s.command, err, printed)
	} else if err := prints(printed, s.shown); err != nil {
		r.t.Errorf("docs/%s:%d: %s: %v\n%s", document, s.line, s.command, err, printed)
	}
}

// reaction is what a person takes at least; a program turns off the echo after
// it has shown its prompt.
const reaction = 100 * time.Millisecond

// answer types what a prompt asks for. Whoever enrols reads the seed from the
// screen before there is a code to type.
func (r *reader) answer(keyboard io.Writer, shown string) {
	if m := uriSecret.FindStringSubmatch(shown); m != nil && r.seeds[m[1]] != m[2] {
		r.seeds[m[1]], r.steps[m[1]] = m[2], -2
	}
	prompt := shown[strings.LastIndex(shown, "\n")+1:]
	for end, answer := range r.answers {
		if strings.HasSuffix(prompt, end) {
			time.Sleep(reaction)
			fmt.Fprintln(keyboard, answer)
			return
		}
	}
	if codeAsked.MatchString(prompt) {
		time.Sleep(reaction)
		for user := range r.seeds {
			fmt.Fprintln(keyboard, r.code(user))
		}
	}
}

// screen is what a terminal shows.
type screen struct {
	mu     sync.Mutex
	shown  strings.Builder
	answer func(shown string)
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shown.Write(p)
	s.answer(s.shown.String())
	return len(p), nil
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shown.String()
}

// connects logs in as somebody on a laptop does.
func (r *reader) connects(user, password string) {
	r.t.Helper()
	if r.t.Failed() {
		return
	}
	c := r.Client(r.server, testbed.ClientOptions{})
	e := r.attempt(c, user, password)
	if e.Kind == testbed.Challenged {
		if err := c.Answer(e.Challenge, r.code(user)); err != nil {
			r.t.Fatal(err)
		}
		e = r.next(c)
	}
	r.want(e, testbed.Connected, "")
}
