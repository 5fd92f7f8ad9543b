package logging

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"
)

const (
	toSyslog = "syslog"
	appName  = "ovpn-verify"
	facility = 10 // authpriv: the log names users and addresses

	dialTimeout  = 2 * time.Second
	writeTimeout = time.Second
	redialAfter  = time.Second // a service that is away costs one record in a second the wait
)

// localSockets are where systems have the socket of their log service; the first
// is Linux's.
var localSockets = []string{"/dev/log", "/var/run/syslog", "/var/run/log"}

// NoService is where the socket of this host's log service was looked for, when the
// log goes there and none is there.
func (c Config) NoService() (looked []string) {
	if c.To != toSyslog {
		return nil
	}
	for _, path := range localSockets {
		if info, err := os.Stat(path); err == nil && info.Mode()&os.ModeSocket != 0 {
			return nil
		}
	}
	return localSockets
}

// syslogService is a log service, on this host by its socket or elsewhere by
// RFC 5424 over UDP or TCP. It connects with the first record, and again when the
// service was restarted.
type syslogService struct {
	network, address string // network is empty for this host's
	hostname         string

	conn   net.Conn
	retry  time.Time // not before
	failed error     // why
}

// parseSyslog takes what log.to may say of one: "syslog", or "syslog+udp://" or
// "syslog+tcp://" and a host with its port.
func parseSyslog(to string) (network, address string, err error) {
	if to == toSyslog {
		return "", "", nil
	}
	u, err := url.Parse(to)
	if err != nil {
		return "", "", errors.New("it is not a URL")
	}
	network, known := map[string]string{"syslog+udp": "udp", "syslog+tcp": "tcp"}[u.Scheme]
	switch {
	case !known:
		return "", "", errors.New("after syslog+ there must be udp:// or tcp://")
	case u.Hostname() == "" || u.Port() == "":
		return "", "", errors.New("it must name a host and its port, as in syslog+udp://log.example.org:514")
	case u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "":
		return "", "", errors.New("it must be a host and its port, and nothing else")
	}
	return network, u.Host, nil
}

func isSyslog(to string) bool { return to == toSyslog || strings.HasPrefix(to, toSyslog+"+") }

func newSyslog(to string) *syslogService {
	network, address, _ := parseSyslog(to) // Validate has kept out what is none
	hostname, err := os.Hostname()
	if err != nil || hostname == "" {
		hostname = "-" // RFC 5424 section 6.2.4: not known
	}
	return &syslogService{network: network, address: address, hostname: hostname}
}

// Write sends one record. One that a service cannot have got, because it was
// restarted, is sent again over a new connection.
func (s *syslogService) Write(line []byte) (int, error) {
	had := s.conn != nil
	err := s.send(line)
	if err != nil && had {
		err = s.send(line)
	}
	if err != nil {
		s.failed, s.retry = err, time.Now().Add(redialAfter)
		return 0, fmt.Errorf("syslog: %w", err)
	}
	return len(line), nil
}

func (s *syslogService) send(line []byte) error {
	if err := s.connect(); err != nil {
		return err
	}
	err := s.conn.SetWriteDeadline(time.Now().Add(writeTimeout))
	if err == nil {
		_, err = s.conn.Write(s.frame(line))
	}
	if err != nil {
		s.conn.Close()
		s.conn = nil
	}
	return err
}

func (s *syslogService) connect() error {
	if s.conn != nil && !hungUp(s.conn) {
		return nil
	}
	if s.conn != nil {
		s.conn.Close()
		s.conn = nil
	}
	if time.Now().Before(s.retry) {
		return s.failed
	}
	var err error
	s.conn, err = s.dial()
	return err
}

func (s *syslogService) dial() (conn net.Conn, err error) {
	if s.network != "" {
		return net.DialTimeout(s.network, s.address, dialTimeout)
	}
	var errs []error
	for _, path := range localSockets {
		for _, network := range []string{"unixgram", "unix"} {
			if conn, err = net.DialTimeout(network, path, dialTimeout); err == nil {
				return conn, nil
			}
			if !errors.Is(err, os.ErrNotExist) && !errors.Is(err, syscall.EPROTOTYPE) {
				errs = append(errs, err)
			}
		}
	}
	if len(errs) == 0 {
		return nil, fmt.Errorf("no %s here", strings.Join(localSockets, ", "))
	}
	return nil, errors.Join(errs...)
}

// hungUp looks whether the service has closed the connection: what is written to
// it then is lost without an error.
func hungUp(conn net.Conn) bool {
	raw, err := conn.(syscall.Conn).SyscallConn()
	if err != nil {
		return true
	}
	var n int
	var peekErr error
	err = raw.Read(func(fd uintptr) bool {
		n, _, peekErr = syscall.Recvfrom(int(fd), make([]byte, 1), syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		return true
	})
	if err != nil {
		return true
	}
	stream := conn.RemoteAddr().Network() == "tcp" || conn.RemoteAddr().Network() == "unix"
	return peekErr == nil && n == 0 && stream || peekErr != nil && !errors.Is(peekErr, syscall.EAGAIN)
}

// frame is the record as the service reads it: on this host as syslog(3) writes it
// there, elsewhere RFC 5424, with its length before it over TCP (RFC 6587 section
// 3.4.1), so that no record can end early and begin another.
func (s *syslogService) frame(line []byte) []byte {
	line = bytes.TrimSuffix(line, []byte("\n"))
	priority := facility<<3 | severity(line)
	now := time.Now()
	if s.network == "" {
		text := fmt.Appendf(nil, "<%d>%s %s[%d]: %s", priority, now.Format(time.Stamp), appName, os.Getpid(), line)
		if s.conn.RemoteAddr().Network() == "unix" {
			text = append(text, '\n')
		}
		return text
	}
	text := fmt.Appendf(nil, "<%d>1 %s %s %s %d - - %s", priority, now.UTC().Format("2006-01-02T15:04:05.000Z"), s.hostname, appName, os.Getpid(), line)
	if s.network == "tcp" {
		text = append(fmt.Appendf(nil, "%d ", len(text)), text...)
	}
	return text
}

// severities are RFC 5424's for slog's levels; each record begins with its level.
var severities = []struct {
	begin    string
	severity int
}{{"level=ERROR", 3}, {"level=WARN", 4}, {`{"level":"ERROR"`, 3}, {`{"level":"WARN"`, 4}}

func severity(line []byte) int {
	for _, s := range severities {
		if bytes.HasPrefix(line, []byte(s.begin)) {
			return s.severity
		}
	}
	return 6
}
