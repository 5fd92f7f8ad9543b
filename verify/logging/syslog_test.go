package logging

import (
	"bufio"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// onThisHost puts the log service's socket elsewhere for a test.
func onThisHost(t *testing.T) (path string) {
	t.Helper()
	before := localSockets
	t.Cleanup(func() { localSockets = before })
	path = filepath.Join(t.TempDir(), "log")
	localSockets = []string{filepath.Join(t.TempDir(), "no"), path}
	return path
}

func listenPacket(t *testing.T, network, address string) net.PacketConn {
	t.Helper()
	conn, err := net.ListenPacket(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func received(t *testing.T, conn net.PacketConn) string {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 65536)
	n, _, err := conn.ReadFrom(buf)
	if err != nil {
		t.Fatal(err)
	}
	return string(buf[:n])
}

func matches(t *testing.T, got, expression string) {
	t.Helper()
	if !regexp.MustCompile("^" + expression + "$").MatchString(got) {
		t.Errorf("%q, want %s", got, expression)
	}
}

func TestSyslogOfThisHost(t *testing.T) {
	path := onThisHost(t)
	service := listenPacket(t, "unixgram", path)
	log, flush := New(Config{To: "syslog", Format: "text"})
	log.Info("login", "user", "a\nb <1>")
	pid := strconv.Itoa(os.Getpid())
	stamp := `[A-Z][a-z]{2} [ 0-9]\d \d\d:\d\d:\d\d ovpn-verify\[` + pid + `\]: `
	matches(t, received(t, service), "<86>"+stamp+`level=INFO msg=login user="a\\nb <1>"`)
	log.Warn("login")
	matches(t, received(t, service), "<84>"+stamp+"level=WARN msg=login")
	log.Error("login")
	matches(t, received(t, service), "<83>"+stamp+"level=ERROR msg=login")

	// The service is restarted: another socket stands in its place.
	service.Close()
	_ = os.Remove(path)
	service = listenPacket(t, "unixgram", path)
	log.Info("again")
	matches(t, received(t, service), "<86>"+stamp+"level=INFO msg=again")
	flush()
}

// Older services listen for connections, where a record ends with its line.
func TestSyslogOfThisHostByConnection(t *testing.T) {
	listener, err := net.Listen("unix", onThisHost(t))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	log, flush := New(Config{To: "syslog", Format: "json"})
	log.Warn("login")
	flush()
	conn, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	matches(t, line, `<84>.*: \{"level":"WARN","msg":"login"\}`+"\n")
}

const header = `1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z \S+ ovpn-verify \d+ - - `

func TestSyslogOverUDP(t *testing.T) {
	service := listenPacket(t, "udp", "127.0.0.1:0")
	log, _ := New(Config{To: "syslog+udp://" + service.LocalAddr().String(), Format: "text"})
	log.Warn("login", "user", "ü")
	matches(t, received(t, service), "<84>"+header+"level=WARN msg=login user=ü")
}

// octets reads one record as RFC 6587 counts it.
func octets(t *testing.T, r *bufio.Reader) string {
	t.Helper()
	count, err := r.ReadString(' ')
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(strings.TrimSpace(count))
	if err != nil {
		t.Fatal(err)
	}
	record := make([]byte, n)
	if _, err := io.ReadFull(r, record); err != nil {
		t.Fatal(err)
	}
	return string(record)
}

// A service that closes the connection, as a restart does, loses nothing that comes
// afterwards.
func TestSyslogOverTCPSurvivesARestart(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	log, flush := New(Config{To: "syslog+tcp://" + listener.Addr().String(), Format: "text"})
	for _, text := range []string{"one", "two", "three"} {
		log.Info(text)
		log.Info(text + " more")
		conn, err := listener.Accept()
		if err != nil {
			t.Fatal(err)
		}
		r := bufio.NewReader(conn)
		matches(t, octets(t, r), "<86>"+header+"level=INFO msg="+text)
		matches(t, octets(t, r), "<86>"+header+`level=INFO msg="`+text+` more"`)
		conn.Close()
		time.Sleep(20 * time.Millisecond) // until the end of the connection has come
	}
	flush()
}

// A service that is away, or that takes nothing, holds nobody up; its records are
// where the daemon's are.
func TestSyslogThatIsAway(t *testing.T) {
	path := onThisHost(t)
	full := filepath.Join(t.TempDir(), "full")
	listenPacket(t, "unixgram", full)
	const records = 2000 // more than a socket's queue takes
	for what, socket := range map[string]string{"away": path, "full": full} {
		localSockets = []string{socket}
		daemons, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
		if err != nil {
			t.Fatal(err)
		}
		stderr := os.Stderr
		os.Stderr = daemons
		log, flush := New(Config{To: "syslog", Format: "text"})
		os.Stderr = stderr
		began := time.Now()
		for range records {
			log.Info("login", "user", "ada")
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("%s: logging took %v", what, took)
		}
		for lines := 0; lines == 0 || what == "away" && lines < records; time.Sleep(10 * time.Millisecond) {
			output, err := os.ReadFile(daemons.Name())
			if lines = strings.Count(string(output), "\nlevel=INFO msg=login user=ada\n"); err != nil || time.Since(began) > 10*time.Second {
				t.Fatalf("%s: %d records on standard error, %v\n%.300s", what, lines, err, output)
			}
		}
		flush()
	}
}

func TestWhatMayBeASyslogService(t *testing.T) {
	for to, want := range map[string]string{
		"syslog": "", "syslog+udp://log.example.org:514": "", "syslog+tcp://[2001:db8::1]:601": "",
		"syslog+udp://log.example.org": "host and its port", "syslog+tls://h:6514": "udp:// or tcp://", "syslog+udp": "udp:// or tcp://",
		"syslog+udp://h:514/x": "nothing else", "syslog+tcp://u@h:514": "nothing else", "syslog+tcp://:514": "host and its port",
		"syslog.log": "", "syslog+udp://h:x": "not a URL",
	} {
		err := Config{To: to, Format: "text"}.Validate()
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", to, err)
		}
	}
	c := Config{To: "syslog.log"}
	if c.ResolvePath("/etc"); c.To != "/etc/syslog.log" || (Config{To: "syslog"}).File() != "" {
		t.Errorf("%+v", c)
	}
}
