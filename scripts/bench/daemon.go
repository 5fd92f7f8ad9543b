package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/alexedwards/argon2id"

	"ovpn-verify/scripts/bench/figures"
	"ovpn-verify/scripts/testbed"
)

const (
	loginTimeout = 15 * time.Second
	password     = "lovelace-1815"
)

// target is a program with a server of its own.
type target struct {
	name   string
	server *testbed.Server
	client *testbed.Client
	logins []time.Duration // on the client: from the connection's begin to its end or the tunnel
}

// benchDaemon measures by OpenVPN's own log, and appends its table.
func benchDaemon(o options, dir string) (err error) {
	before := figures.Load()
	network, err := testbed.NewNetwork()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, network.Close()) }()
	targets, err := startTargets(o, dir, network)
	if err != nil {
		return err
	}
	for i := range o.logins + 1 { // the first one starts the worker and is not counted
		for _, t := range targets {
			took, err := t.client.Visit("ada", password, loginTimeout)
			if err != nil {
				return fmt.Errorf("%s: %w", t.name, err)
			}
			if i > 0 {
				t.logins = append(t.logins, took)
			}
		}
	}
	text, err := daemonTable(targets, o.logins, before)
	if err != nil {
		return err
	}
	fmt.Print(text)
	f, err := os.OpenFile(o.out, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

// startTargets gives each program a server and a client. All of them accept.
func startTargets(o options, dir string, network *testbed.Network) ([]*target, error) {
	programs, err := daemonPrograms(o, dir)
	if err != nil {
		return nil, err
	}
	var targets []*target
	for _, p := range programs {
		verify := p.path
		if p.config != "" {
			verify = fmt.Sprintf("%q --config %q", p.path, p.config)
		}
		server, err := network.StartServer(testbed.ServerOptions{Verify: verify})
		if err != nil {
			return nil, err
		}
		client, err := network.StartClient(testbed.ClientOptions{Server: server})
		if err != nil {
			return nil, err
		}
		targets = append(targets, &target{name: p.name, server: server, client: client})
	}
	return targets, nil
}

// daemonPrograms are those that can accept a login.
func daemonPrograms(o options, dir string) ([]program, error) {
	all, err := callPrograms(o, dir)
	if err != nil {
		return nil, err
	}
	// A hash that costs next to nothing: the password's is not what is measured,
	// and would take the processor from the daemon.
	hash, err := argon2id.CreateHash(password, &argon2id.Params{Memory: 8, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32})
	if err != nil {
		return nil, err
	}
	users := fmt.Appendf(nil, "[users]\nada = %q\n", hash)
	if err := os.WriteFile(filepath.Join(dir, "users.toml"), users, 0o600); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(p program) bool { return p.name == namePy }), nil
}

func daemonTable(targets []*target, logins int, load string) (string, error) {
	blocked := map[string][]time.Duration{}
	for _, t := range targets {
		stalls := t.server.Stalls()
		if len(stalls) != logins+1 {
			return "", fmt.Errorf("%s: %d calls in the daemon's log, want %d", t.name, len(stalls), logins+1)
		}
		blocked[t.name] = stalls[1:]
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\nfrom a real OpenVPN's side, %d logins through each program in turn, ms; load before %s\n"+
		"the daemon stands still from the client's info to the verdict on the call (its log)\n\n", logins, load)
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "stands still\tp99\tmedian / Go's\tmedian / C's\tmedian / shell's\tlogin on the client\t\t")
	median := func(name string) float64 { return figures.Percentile(blocked[name], figures.Ms, 50) }
	for _, t := range targets {
		m := median(t.name)
		fmt.Fprintf(w, "%.2f\t%.2f\t%.2f\t%s\t%.2f\t%.0f\t\t%s\n", m, figures.Percentile(blocked[t.name], figures.Ms, 99),
			m/median(nameGo), ratio(m, median(nameC), len(blocked[nameC])), m/median(nameSh), figures.Percentile(t.logins, figures.Ms, 50), t.name)
	}
	w.Flush()
	return b.String(), nil
}

// ratio shows nothing where there is nothing to compare with.
func ratio(value, base float64, samples int) string {
	if samples == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f", value/base)
}
