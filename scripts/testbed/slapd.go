package testbed

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// The directory's names and its service account.
const (
	LDAPBase        = "dc=example,dc=org"
	LDAPPeople      = "ou=people," + LDAPBase
	LDAPGroups      = "ou=groups," + LDAPBase
	LDAPVPNGroup    = "cn=vpn," + LDAPGroups
	LDAPBindDN      = "cn=vpn,ou=services," + LDAPBase
	LDAPBindSecret  = "service secret"
	LDAPAdminDN     = "cn=admin," + LDAPBase
	LDAPAdminSecret = "admin secret"
)

// SlapdOptions says where the directory listens and what it shows.
type SlapdOptions struct {
	Cert     Cert   // zero: right for localhost and 127.0.0.1
	CA       *CA    // signs Cert; nil: the run's
	Global   string // lines of slapd.conf before the database, such as "idletimeout 1"
	Database string // lines of the database, before its own access rules
	Entries  string // LDIF that slapadd loads as well, operational attributes included
	Standard bool   // listen on 389 and 636, in a network's namespace
}

// Slapd is an OpenLDAP directory with the overlays memberof and ppolicy and the
// people of DirectoryUsers.
type Slapd struct {
	URL     string // ldap://127.0.0.1:port, with StartTLS
	TLSURL  string // ldaps://127.0.0.1:port
	CAFile  string // trusts the certificate, PEM
	Socket  string // ldapi:// with the path; whoever connects is known by EXTERNAL and may search
	LogPath string // stats log: each connection, BIND, SRCH with its filter, and result
	Files   Files  // its certificate, for what stands in front of it

	command func() *exec.Cmd
	process *process
	ldapi   string
}

// Used is what the server that runs has had of the processors.
func (s *Slapd) Used() time.Duration { return Used(s.process.cmd.Process.Pid) }

// StartSlapd starts a directory on the loopback of the server's namespace.
func (n *Network) StartSlapd(o SlapdOptions) (*Slapd, error) {
	if o.CA == nil {
		o.CA = n.CA
	}
	i := n.next()
	dir := n.Path(fmt.Sprintf("slapd%d", i))
	port, tlsPort := 3890+2*i, 3891+2*i
	if o.Standard {
		port, tlsPort = 389, 636
	}
	s, err := startSlapd(dir, port, tlsPort, o, func(args ...string) *exec.Cmd {
		return n.Command(context.Background(), n.ServerNS, "slapd", args...)
	})
	if s != nil {
		n.atClose(s.Stop, s.LogPath)
	}
	return s, err
}

// StartSlapdHere starts a directory on free ports of the host's own loopback,
// without namespaces. Its files are in dir, whose path has to be short enough
// for a socket; the caller stops it.
func StartSlapdHere(dir string, o SlapdOptions) (*Slapd, error) {
	var err error
	if o.CA == nil {
		if o.CA, err = NewCA("testbed CA"); err != nil {
			return nil, err
		}
	}
	ports, err := freePorts("tcp", 2)
	if err != nil {
		return nil, err
	}
	s, err := startSlapd(filepath.Join(dir, "slapd"), ports[0], ports[1], o, func(args ...string) *exec.Cmd {
		return exec.Command("slapd", args...)
	})
	if err != nil && s != nil {
		err = errors.Join(err, s.Stop())
	}
	return s, err
}

func startSlapd(dir string, port, tlsPort int, o SlapdOptions, command func(...string) *exec.Cmd) (*Slapd, error) {
	if o.Cert.Name == "" {
		o.Cert.Name = "localhost"
	}
	if err := os.MkdirAll(filepath.Join(dir, "db"), 0o755); err != nil {
		return nil, fmt.Errorf("slapd: %w", err)
	}
	files, err := o.CA.Write(dir, "slapd", o.Cert)
	if err != nil {
		return nil, fmt.Errorf("slapd: %w", err)
	}
	config := filepath.Join(dir, "slapd.conf")
	if err := writeDirectory(dir, config, files, o); err != nil {
		return nil, fmt.Errorf("slapd: %w", err)
	}
	s := &Slapd{
		URL: fmt.Sprintf("ldap://127.0.0.1:%d", port), TLSURL: fmt.Sprintf("ldaps://127.0.0.1:%d", tlsPort),
		CAFile: files.CA, LogPath: filepath.Join(dir, "log"), ldapi: filepath.Join(dir, "ldapi"), Files: files,
	}
	s.Socket = s.ldapiURL()
	listeners := s.URL + " " + s.TLSURL + " " + s.Socket
	s.command = func() *exec.Cmd { return command("-f", config, "-h", listeners, "-d", "stats") }
	if err := s.Start(); err != nil {
		return s, err
	}
	return s, s.Add(groupsLDIF) // through the server: memberof needs it
}

func (s *Slapd) ldapiURL() string { return "ldapi://" + strings.ReplaceAll(s.ldapi, "/", "%2F") }

// Start starts the directory again after Stop, on the same ports with the same
// data, and waits until it answers.
func (s *Slapd) Start() error {
	_ = os.Remove(s.ldapi)
	var err error
	if s.process, err = spawn(s.command(), s.LogPath); err != nil {
		return fmt.Errorf("slapd: %w", err)
	}
	err = poll(startTimeout, func() bool {
		conn, err := net.Dial("unix", s.ldapi)
		if err == nil {
			conn.Close()
		}
		return err == nil || s.process.exited()
	})
	if err == nil && s.process.exited() {
		err = s.process.err
	}
	if err != nil {
		return withTail(fmt.Errorf("slapd does not start: %w", err), s.LogPath)
	}
	return nil
}

// Stop ends the directory: connections are refused.
func (s *Slapd) Stop() error {
	if s.process == nil {
		return nil
	}
	_ = s.Resume() // a stopped process cannot end politely
	return s.process.stop()
}

// Kill ends the directory as a crash would: it takes leave of no connection.
func (s *Slapd) Kill() error { return s.process.kill() }

// Pause freezes the directory: the kernel still accepts connections, nothing is
// answered until Resume.
func (s *Slapd) Pause() error { return s.process.cmd.Process.Signal(syscall.SIGSTOP) }

// Resume lets a paused directory go on with what it has received meanwhile.
func (s *Slapd) Resume() error { return s.process.cmd.Process.Signal(syscall.SIGCONT) }

// Log is the stats log so far.
func (s *Slapd) Log() string { return readText(s.LogPath) }

// Add adds entries in LDIF as the administrator, through the running server;
// records with a changetype are applied as they say.
func (s *Slapd) Add(ldif string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "ldapadd", "-x", "-H", s.ldapiURL(), "-D", LDAPAdminDN, "-w", LDAPAdminSecret)
	cmd.Stdin = strings.NewReader(ldif)
	_, err := output(cmd)
	return withTail(err, s.LogPath)
}

// freePorts finds ports of 127.0.0.1 that nothing listens on.
func freePorts(network string, count int) ([]int, error) {
	ports := make([]int, count)
	for i := range ports {
		var address net.Addr
		if network == "udp" {
			conn, err := net.ListenPacket("udp", "127.0.0.1:0")
			if err != nil {
				return nil, err
			}
			defer conn.Close()
			address = conn.LocalAddr()
		} else {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return nil, err
			}
			defer listener.Close()
			address = listener.Addr()
		}
		if _, err := fmt.Sscanf(address.String(), "127.0.0.1:%d", &ports[i]); err != nil {
			return nil, err
		}
	}
	return ports, nil
}
