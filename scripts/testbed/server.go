package testbed

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/user"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

const startTimeout = 15 * time.Second

// ServerOptions says how the server checks logins; Verify is all it needs.
type ServerOptions struct {
	Verify      string        // the command of auth-user-pass-verify, with absolute paths: `/x/ovpn-verify --config /x/c.toml`
	ViaEnv      bool          // hand name and password over in the environment (script-security 3)
	User        string        // run as this user after the start, for example nobody; empty: root
	ClientCerts bool          // ask clients for a certificate of the run's CA
	HandWindow  time.Duration // in whole seconds; 0: OpenVPN's 60 s
	Renegotiate time.Duration // in whole seconds; 0: OpenVPN's 3600 s
	Proto       string        // "udp4", "tcp4", "udp6" or "tcp6"; empty: "udp4"
	Extra       []string      // further lines of the config
	Wrap        []string      // a command and its arguments to start openvpn with, for example prlimit --nproc=10
}

// Server is a running OpenVPN server in the server's namespace.
type Server struct {
	Port     int    // at ServerIP, or ServerIP6
	Proto    string // "udp4", "tcp4", "udp6" or "tcp6"
	TunnelIP string // its own address inside the tunnel
	TempDir  string // its tmp-dir, where it leaves the credentials and the result files
	LogPath  string // also holds what the script prints

	network *Network
	ca      string
	process *process
}

// StartServer starts a server and waits until it takes logins. Its certificate
// is called "server"; the session of a user that logs in again ends, unless
// Extra has duplicate-cn.
func (n *Network) StartServer(o ServerOptions) (*Server, error) {
	i := n.next()
	name := fmt.Sprintf("server%d", i)
	s := &Server{
		Port: 1194 + i, Proto: cmp.Or(o.Proto, "udp4"), TunnelIP: fmt.Sprintf("10.8.%d.1", i), network: n,
		TempDir: n.Path(name + ".tmp"), LogPath: n.Path(name + ".log"),
	}
	files, err := n.CA.Write(n.Dir, name, Cert{Name: "server"})
	if err != nil {
		return nil, err
	}
	s.ca = files.CA
	if err := s.makeTempDir(o.User); err != nil {
		return nil, fmt.Errorf("testbed: %w", err)
	}
	config := n.Path(name + ".conf")
	if err := os.WriteFile(config, []byte(s.config(o, files)), 0o644); err != nil {
		return nil, err
	}
	command := slices.Concat(o.Wrap, []string{"openvpn", "--cd", n.Dir, "--config", config})
	s.process, err = spawn(n.Command(context.Background(), n.ServerNS, command[0], command[1:]...), s.LogPath)
	if err != nil {
		return nil, fmt.Errorf("testbed: %w", err)
	}
	n.atClose(s.Stop, s.LogPath)
	_, err = s.WaitLog(`Initialization Sequence Completed`, startTimeout)
	return s, err
}

// makeTempDir makes the folder that OpenVPN has to write to after it dropped root.
func (s *Server) makeTempDir(name string) error {
	if err := os.Mkdir(s.TempDir, 0o700); err != nil || name == "" {
		return err
	}
	account, err := user.Lookup(name)
	if err != nil {
		return err
	}
	uid, _ := strconv.Atoi(account.Uid)
	gid, _ := strconv.Atoi(account.Gid)
	return os.Chown(s.TempDir, uid, gid)
}

func (s *Server) config(o ServerOptions, f Files) string {
	method, security, certs := "via-file", 2, "none"
	if o.ViaEnv {
		method, security = "via-env", 3
	}
	if o.ClientCerts {
		certs = "require"
	}
	subnet := strings.TrimSuffix(s.TunnelIP, ".1") + ".0"
	lines := []string{
		"dev tun", "proto " + protoOption(s.Proto, "server"), fmt.Sprintf("port %d", s.Port),
		"topology subnet", "server " + subnet + " 255.255.255.0", "keepalive 10 60",
		"dh none", "ca " + f.CA, "cert " + f.Cert, "key " + f.Key,
		"verify-client-cert " + certs, "username-as-common-name",
		fmt.Sprintf("script-security %d", security),
		fmt.Sprintf("auth-user-pass-verify %s %s", quote(o.Verify), method),
		"tmp-dir " + s.TempDir, "persist-tun", "persist-key", "verb 4",
	}
	if o.User != "" {
		lines = append(lines, "user "+o.User)
	}
	if o.HandWindow > 0 {
		lines = append(lines, fmt.Sprintf("hand-window %d", int(o.HandWindow.Seconds())))
	}
	if o.Renegotiate > 0 {
		// Equal bounds: with a lower one OpenVPN picks a random time between them.
		lines = append(lines, fmt.Sprintf("reneg-sec %[1]d %[1]d", int(o.Renegotiate.Seconds())))
	}
	return strings.Join(append(lines, o.Extra...), "\n") + "\n"
}

// protoOption names a protocol as the option --proto does at one end.
func protoOption(proto, end string) string {
	if strings.HasPrefix(proto, "tcp") {
		return proto + "-" + end
	}
	return proto
}

// PID is OpenVPN's own process id.
func (s *Server) PID() int { return s.process.cmd.Process.Pid }

// Log is all that the daemon and its scripts have written so far.
func (s *Server) Log() string { return readText(s.LogPath) }

// WaitLog waits until the regular expression matches the log and returns the
// match and its groups. It panics when the expression does not compile.
func (s *Server) WaitLog(expression string, timeout time.Duration) ([]string, error) {
	return s.process.waitLog(regexp.MustCompile(expression), timeout)
}

// Stalls measures from the log how long the daemon stood still for each call of
// the script, oldest first: from the client's last peer info line to the verdict
// on the call. The daemon is single-threaded, so nothing is in between.
func (s *Server) Stalls() []time.Duration { return stalls(s.Log()) }

// Stop ends the daemon; a worker it started runs on until the network is closed.
func (s *Server) Stop() error { return s.process.stop() }

// quote makes one argument of text in OpenVPN's config files and management
// commands (doc/management-notes.txt, "Command Parsing").
func quote(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}
