package main

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"ovpn-verify/scripts/testbed"
)

// proxyCommand is the first argument of a process that is the proxy alone.
const proxyCommand = "proxy"

// proxy delays a directory's answers in a process and a session of its own. A daemon
// that starts programs has neither the thousands of files that it holds open, which
// each fork would copy, nor a part of the processors in common with it (sched(7),
// autogroup).
type proxy struct {
	URL     string
	command *exec.Cmd
	stop    io.Closer
}

// startProxy hands over what it takes as arguments: serveProxy reads them.
func startProxy(slapd *testbed.Slapd, delay time.Duration, withTLS bool) (*proxy, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	arguments := []string{proxyCommand, strings.TrimPrefix(slapd.URL, "ldap://"), delay.String()}
	if withTLS {
		arguments = append(arguments, slapd.Files.Cert, slapd.Files.Key)
	}
	p := &proxy{command: exec.Command(self, arguments...)}
	p.command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	p.command.Stderr = os.Stderr
	stdin, errIn := p.command.StdinPipe()
	stdout, errOut := p.command.StdoutPipe()
	if err := errors.Join(errIn, errOut); err != nil {
		return nil, err
	}
	p.stop = stdin
	if err := p.command.Start(); err != nil {
		return nil, err
	}
	url, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the proxy says no address: %w", err), p.Stop())
	}
	p.URL = strings.TrimSuffix(url, "\n")
	return p, nil
}

// Stop closes what the proxy reads, and waits for its end.
func (p *proxy) Stop() error { return errors.Join(p.stop.Close(), p.command.Wait()) }

// Used is what it has had of the processors.
func (p *proxy) Used() time.Duration { return testbed.Used(p.command.Process.Pid) }

// serveProxy takes a directory's host and port, a delay and, for TLS, the files of a
// certificate and its key. It says its address and serves until its standard input ends.
func serveProxy(arguments []string) error {
	delay, err := time.ParseDuration(arguments[1])
	if err != nil {
		return err
	}
	var config *tls.Config
	if len(arguments) > 2 {
		if config, err = (testbed.Files{Cert: arguments[2], Key: arguments[3]}).ServerTLS(); err != nil {
			return err
		}
	}
	slow, err := testbed.StartSlowLDAP(arguments[0], delay, config)
	if err != nil {
		return err
	}
	fmt.Println(slow.URL)
	_, err = io.Copy(io.Discard, os.Stdin)
	return errors.Join(err, slow.Stop())
}
