package testbed

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// ClientOptions says what kind of client it is; Server is all it needs.
type ClientOptions struct {
	Server          *Server
	Tunnel          bool              // a real TUN device in the client's namespace; else it only logs in, and dozens fit
	Local           string            // source address, "10.99.0.2" to "10.99.0.9"; empty: any
	StaticChallenge string            // text of a static challenge
	Echo            bool              // of the static challenge
	Cert            Files             // a client certificate for a server with ClientCerts
	Setenv          map[string]string // IV_SSO, UV_…: what push-peer-info announces
	Extra           []string          // further lines of the config
}

// Client is an OpenVPN client that a program drives through its management
// interface, as a graphical client does. Its methods are for one goroutine.
type Client struct {
	LogPath string // the client's own log

	network *Network
	process *process
	conn    net.Conn
	lines   chan string
	device  string
	static  bool

	holding bool
	asked   bool
	began   time.Time

	mu         sync.Mutex
	transcript strings.Builder
}

// StartClient starts a client, which then holds until Login.
func (n *Network) StartClient(o ClientOptions) (*Client, error) {
	i := n.next()
	name := fmt.Sprintf("client%d", i)
	c := &Client{
		LogPath: n.Path(name + ".log"), network: n, lines: make(chan string, 1000),
		device: "null", static: o.StaticChallenge != "",
	}
	if o.Tunnel {
		c.device = fmt.Sprintf("tun%d", i)
	}
	socket, config := n.Path(name+".sock"), n.Path(name+".conf")
	if err := os.WriteFile(config, []byte(c.config(o, socket)), 0o600); err != nil {
		return nil, fmt.Errorf("testbed: %w", err)
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return nil, fmt.Errorf("testbed: %w", err)
	}
	defer listener.Close()
	cmd := n.Command(context.Background(), n.ClientNS, "openvpn", "--cd", n.Dir, "--config", config)
	if c.process, err = spawn(cmd, c.LogPath); err != nil {
		return nil, fmt.Errorf("testbed: %w", err)
	}
	n.atClose(c.Stop, c.LogPath)
	return c, c.accept(listener.(*net.UnixListener))
}

func (c *Client) accept(listener *net.UnixListener) error {
	_ = listener.SetDeadline(time.Now().Add(startTimeout))
	go func() { // an early end of the client ends the wait
		<-c.process.done
		listener.Close()
	}()
	var err error
	if c.conn, err = listener.Accept(); err != nil {
		return withTail(fmt.Errorf("client: %w", err), c.LogPath)
	}
	go c.read()
	return errors.Join(c.send("state on"), c.wait(&c.holding, startTimeout))
}

func (c *Client) config(o ClientOptions, socket string) string {
	address := ServerIP
	if strings.HasSuffix(o.Server.Proto, "6") {
		address = ServerIP6
	}
	lines := []string{
		"client", "dev " + c.device, "proto " + protoOption(o.Server.Proto, "client"),
		fmt.Sprintf("remote %s %d", address, o.Server.Port),
		"ca " + o.Server.ca, "remote-cert-tls server", "verify-x509-name server name",
		"auth-user-pass", "auth-retry interact", "push-peer-info", "reneg-sec 0",
		"management " + socket + " unix", "management-client", "management-hold",
		"management-query-passwords", "verb 4",
	}
	if !o.Tunnel {
		lines = append(lines, "ifconfig-noexec", "route-noexec")
	}
	if o.Local == "" {
		lines = append(lines, "nobind")
	} else {
		lines = append(lines, "local "+o.Local, "lport 0")
	}
	if c.static {
		echo := map[bool]string{true: "1", false: "0"}[o.Echo]
		lines = append(lines, "static-challenge "+quote(o.StaticChallenge)+" "+echo)
	}
	if o.Cert.Cert != "" {
		lines = append(lines, "cert "+o.Cert.Cert, "key "+o.Cert.Key)
	}
	for _, name := range slices.Sorted(maps.Keys(o.Setenv)) {
		lines = append(lines, "setenv "+name+" "+quote(o.Setenv[name]))
	}
	return strings.Join(append(lines, o.Extra...), "\n") + "\n"
}

// Transcript is all that the management interface said ("<") and was told (">").
// Passwords are in it.
func (c *Client) Transcript() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.transcript.String()
}

// Log is what the client has logged so far.
func (c *Client) Log() string { return readText(c.LogPath) }

// WaitLog waits until the regular expression matches the client's log and returns
// the match and its groups. It panics when the expression does not compile.
func (c *Client) WaitLog(expression string, timeout time.Duration) ([]string, error) {
	return c.process.waitLog(regexp.MustCompile(expression), timeout)
}

// Stop ends the client.
func (c *Client) Stop() error {
	err := c.process.stop()
	if c.conn != nil {
		c.conn.Close()
	}
	return err
}

func (c *Client) read() {
	defer close(c.lines)
	for scanner := bufio.NewScanner(c.conn); scanner.Scan(); {
		line := strings.TrimRight(scanner.Text(), "\r")
		c.note("< " + line)
		c.lines <- line
	}
}

func (c *Client) send(command string) error {
	c.note("> " + command)
	_ = c.conn.SetWriteDeadline(time.Now().Add(startTimeout))
	if _, err := fmt.Fprintf(c.conn, "%s\n", command); err != nil {
		return withTail(fmt.Errorf("client: %w", err), c.LogPath)
	}
	return nil
}

func (c *Client) note(line string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.transcript.WriteString(line + "\n")
}
