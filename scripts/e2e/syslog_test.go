//go:build e2e

package e2e_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"ovpn-verify/scripts/testbed"
)

// rsyslog is a real one with the inputs given; it writes what it took for priority,
// program and message into a file, whose path is returned.
func (w *world) rsyslog(inputs string) (written string) {
	w.t.Helper()
	written = w.Path("syslog.out")
	conf := inputs + `
template(name="parts" type="string" string="%pri-text% %app-name% [%msg%]\n")
action(type="omfile" file="` + written + `" template="parts")
`
	if err := os.WriteFile(w.Path("rsyslog.conf"), []byte(conf), 0o600); err != nil {
		w.t.Fatal(err)
	}
	cmd := exec.Command("/usr/sbin/rsyslogd", "-n", "-f", w.Path("rsyslog.conf"), "-i", w.Path("rsyslog.pid"))
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return written
}

func waitFor(t *testing.T, path, expression string) {
	t.Helper()
	re := regexp.MustCompile("(?m)" + expression)
	for deadline := time.Now().Add(10 * time.Second); !re.MatchString(read(path)); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not in %s: %s\n%s", path, expression, read(path))
		}
	}
}

// Inside of a chroot without a log socket the records are in OpenVPN's own log, and
// in the log service's as soon as it has a socket there. The worker is confined to its
// files, and the socket is none of them.
func TestSyslogInsideOfAChroot(t *testing.T) {
	w := newWorld(t)
	jail := w.jail("")
	w.write("config.toml", strings.Replace(read(w.path("config.toml")), `to = "state/log"`, `to = "syslog"`, 1))
	w.server = w.Server(testbed.ServerOptions{
		Verify: binary + " --config /config.toml", User: "nobody",
		Extra: []string{"chroot " + jail, "tmp-dir /scratch", "group nogroup"},
	})
	w.server.TempDir = filepath.Join(jail, "scratch")
	client := w.Client(w.server, testbed.ClientOptions{})
	w.want(w.attempt(client, "ada", testbed.Static("lovelace-1815", "000000")), testbed.Refused, refusedText)
	for deadline := time.Now().Add(10 * time.Second); !strings.Contains(w.server.Log(), "ovpn-verify: log: syslog: no /dev/log"); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("OpenVPN's log:\n%s", w.server.Log())
		}
	}
	if !regexp.MustCompile(`(?m)^level=WARN msg=login .*user=ada .*reason=wrong-code`).MatchString(w.server.Log()) {
		t.Errorf("OpenVPN's log:\n%s", w.server.Log())
	}
	socket := filepath.Join(jail, "dev/log")
	written := w.rsyslog(`module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="` + socket + `" CreatePath="on")`)
	w.waitForSocket("unixgram", socket)
	w.want(w.attempt(client, "ada", testbed.Static("lovelace-1815", "111111")), testbed.Refused, refusedText)
	waitFor(t, written, `^authpriv\.warn\S* ovpn-verify \[ ?level=WARN msg=login .*user=ada .*reason=wrong-code .*\]$`)
}

func (w *world) waitForSocket(network, address string) {
	w.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if conn, err := net.Dial(network, address); err == nil {
			conn.Close()
			return
		}
	}
	w.t.Fatalf("nobody listens at %s", address)
}

// A service elsewhere takes RFC 5424 over UDP, and over TCP.
func TestSyslogOverTheNetwork(t *testing.T) {
	for _, network := range []string{"udp", "tcp"} {
		t.Run(network, func(t *testing.T) {
			w := newWorld(t)
			port := freePort(t, network)
			w.write("config.toml", fmt.Sprintf(fileSection+`[worker]
user = "nobody"
[state]
path = "state.db"
[log]
to = "syslog+%s://127.0.0.1:%d"
format = "json"
`, network, port))
			input := fmt.Sprintf(`module(load="im%s")
input(type="im%[1]s" port="%d" address="127.0.0.1")`, network, port)
			written := w.rsyslog(input)
			if network == "tcp" {
				w.waitForSocket(network, fmt.Sprintf("127.0.0.1:%d", port))
			} else {
				waitForUDP(t, port)
			}
			r, err := testbed.Call{Binary: binary, Config: w.path("config.toml"), Username: "a <1>b", Password: "SCRV1:broken"}.Run(t.Context())
			if err != nil || r.Verdict != '0' {
				t.Errorf("%+v, %v", r, err)
			}
			waitFor(t, written, `^authpriv\.warn\S* ovpn-verify \[ ?\{"level":"WARN","msg":"login",.*"user":"a <1>b",.*"reason":"malformed",.*\}\]$`)
		})
	}
}

func freePort(t *testing.T, network string) int {
	t.Helper()
	if network == "udp" {
		conn, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		return conn.LocalAddr().(*net.UDPAddr).Port
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

// waitForUDP waits until somebody is bound to the port.
func waitForUDP(t *testing.T, port int) {
	t.Helper()
	bound := fmt.Sprintf("0100007F:%04X", port)
	for deadline := time.Now().Add(10 * time.Second); !strings.Contains(read("/proc/net/udp"), bound); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nobody is bound to the port")
		}
	}
}
