package main

import (
	"errors"
	"time"

	"ovpn-verify/scripts/testbed"
)

const (
	workLogins  = 20
	workTimeout = 15 * time.Second
)

// openVPNsWork is what a real OpenVPN takes of a processor for each login: the handshake
// of TLS and all else, but for the program that it calls, which does nothing. So much
// later can the next login come at the earliest.
func openVPNsWork() (work time.Duration, err error) {
	network, err := testbed.NewNetwork()
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, network.Close()) }()
	server, err := network.StartServer(testbed.ServerOptions{Verify: "/bin/true"})
	if err != nil {
		return 0, err
	}
	client, err := network.StartClient(testbed.ClientOptions{Server: server})
	if err != nil {
		return 0, err
	}
	before := testbed.Used(server.PID())
	for range workLogins {
		if _, err := client.Visit("ada", "lovelace-1815", workTimeout); err != nil {
			return 0, err
		}
	}
	return (testbed.Used(server.PID()) - before) / workLogins, nil
}
