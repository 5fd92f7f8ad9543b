package testbed

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"syscall"
)

// DNS is a dnsmasq on port 53 of the server namespace's loopback. It knows what
// it was given, and nothing else exists.
type DNS struct {
	LogPath string // each query and answer

	resolver string
	process  *process
}

const dnsConf = `no-resolv
no-hosts
local=/#/
listen-address=127.0.0.1
bind-interfaces
user=root
pid-file=
log-queries
log-facility=-
`

var dnsReady = regexp.MustCompile(`started, version`)

// StartDNS starts the name server with these lines of dnsmasq.conf(5), such as
// "srv-host=_ldap._tcp.example.org,ldap.example.org,389,10". There is one in a network.
func (n *Network) StartDNS(records ...string) (*DNS, error) {
	d := &DNS{LogPath: n.Path("dns.log"), resolver: n.Path("resolv.conf")}
	config := n.Path("dns.conf")
	text := dnsConf + strings.Join(records, "\n") + "\n"
	err := errors.Join(os.WriteFile(config, []byte(text), 0o644), os.WriteFile(d.resolver, []byte("nameserver 127.0.0.1\n"), 0o644))
	if err != nil {
		return nil, fmt.Errorf("dnsmasq: %w", err)
	}
	d.process, err = spawn(n.Command(context.Background(), n.ServerNS, "dnsmasq", "--keep-in-foreground", "--conf-file="+config), d.LogPath)
	if err != nil {
		return nil, fmt.Errorf("dnsmasq: %w", err)
	}
	n.atClose(d.Stop, d.LogPath)
	_, err = d.process.waitLog(dnsReady, startTimeout)
	return d, err
}

// Wrap is a command that runs what follows it with this name server as its only
// one. It needs a mount namespace to itself, as ip-netns(8) makes one: what it
// mounts over resolv.conf is seen by nobody else and ends with the command.
func (d *DNS) Wrap() []string {
	return []string{"sh", "-c", `mount --bind "$0" /etc/resolv.conf && exec "$@"`, d.resolver}
}

// Stop ends the name server: its port is unreachable.
func (d *DNS) Stop() error {
	_ = d.Resume()
	return d.process.stop()
}

// Pause freezes the name server: questions are received and not answered.
func (d *DNS) Pause() error { return d.process.cmd.Process.Signal(syscall.SIGSTOP) }

// Resume lets it go on.
func (d *DNS) Resume() error { return d.process.cmd.Process.Signal(syscall.SIGCONT) }

// Log is what was asked and answered.
func (d *DNS) Log() string { return readText(d.LogPath) }
