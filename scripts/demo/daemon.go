package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"time"

	"ovpn-verify/scripts/testbed"
)

// eventTimeout is longer than any login here may take.
const eventTimeout = 30 * time.Second

// daemon is what the user connects to.
type daemon interface {
	login(user, password string) (testbed.Event, error)
	answer(c *testbed.Challenge, code string) (testbed.Event, error)
	proof() error // shows that the connection is there
	close() error
}

// real is OpenVPN, server and client.
type real struct {
	network *testbed.Network
	server  *testbed.Server
	client  *testbed.Client
}

func startReal(network *testbed.Network, s *setup) (daemon, error) {
	server, err := network.StartServer(testbed.ServerOptions{
		Verify: fmt.Sprintf(`"%s" --config "%s"`, s.binary, s.config),
	})
	if err != nil {
		return nil, errors.Join(err, network.Close())
	}
	client, err := network.StartClient(testbed.ClientOptions{Server: server, Tunnel: true})
	if err != nil {
		return nil, errors.Join(err, network.Close())
	}
	version, _ := exec.Command("openvpn", "--version").Output() // exits 1 by design
	fields := append(strings.Fields(string(version)), "OpenVPN", "")
	fmt.Printf("\nA real server and a real client (%s %s), each in its own network namespace\n", fields[0], fields[1])
	show("server.conf", "auth-user-pass-verify %q via-file", "ovpn-verify --config config.toml")
	return &real{network, server, client}, nil
}

func (r *real) login(user, password string) (testbed.Event, error) {
	if err := r.client.Login(user, password); err != nil {
		return testbed.Event{}, err
	}
	return r.client.Next(eventTimeout)
}

func (r *real) answer(c *testbed.Challenge, code string) (testbed.Event, error) {
	if err := r.client.Answer(c, code); err != nil {
		return testbed.Event{}, err
	}
	return r.client.Next(eventTimeout)
}

func (r *real) proof() error {
	line, err := r.client.WaitLog(`(?m)^.*Initialization Sequence Completed.*$`, eventTimeout)
	if err != nil {
		return err
	}
	show("client's log", "%s", line[0])
	ping, err := r.client.StartPing(r.server)
	if err != nil {
		return err
	}
	time.Sleep(time.Second)
	result, err := ping.Stop()
	if err != nil {
		return err
	}
	show("ping", "%s through the tunnel: %d sent, %d answered, slowest %v", r.server.TunnelIP, result.Sent, result.Received, result.Max())
	if result.Received < 5 || result.Lost() > 1 { // the last may be on its way
		return fmt.Errorf("the tunnel loses packets: %+v", result)
	}
	stalls := r.server.Stalls()
	if len(stalls) == 0 {
		return errors.New("the server's log shows no login")
	}
	show("daemon", "stood still for %v at most, in %d logins", slices.Max(stalls).Round(100*time.Microsecond), len(stalls))
	return nil
}

func (r *real) close() error { return r.network.Close() }

// standIn calls ovpn-verify as the daemon does.
type standIn struct {
	ctx     context.Context
	setup   *setup
	longest time.Duration
	calls   int
}

func (s *standIn) login(user, password string) (testbed.Event, error) {
	ctx, cancel := context.WithTimeout(s.ctx, eventTimeout)
	defer cancel()
	s.calls++
	result, err := testbed.Call{
		Binary: s.setup.binary, Config: s.setup.config, Username: user, Password: password,
		Port: 50000 + s.calls, // a client reconnects from a new port
	}.Run(ctx)
	s.longest = max(s.longest, result.Blocked)
	return result.Event(), err
}

func (s *standIn) answer(c *testbed.Challenge, code string) (testbed.Event, error) {
	return s.login(c.User, testbed.Dynamic(c.State, code))
}

func (s *standIn) proof() error {
	show("daemon", "a real one would have stood still for %v at most, in %d logins", s.longest.Round(100*time.Microsecond), s.calls)
	return nil
}

func (s *standIn) close() error { return nil }
