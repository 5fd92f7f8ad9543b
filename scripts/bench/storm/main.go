// Command storm lets a thousand logins come at once, on backends that take two
// seconds for each, and says what became of them, of the worker that had them, and
// of the daemon, which stands still while front runs.
package main

import (
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"ovpn-verify/scripts/bench/figures"
	"ovpn-verify/scripts/bench/stand"
)

func main() {
	work, arguments := run, os.Args[1:]
	if len(arguments) > 0 && arguments[0] == proxyCommand {
		work, arguments = serveProxy, arguments[1:]
	}
	err := coarsenTimers()
	if err == nil {
		err = work(arguments)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

//go:embed programs/daemon.c
var daemonSource []byte

// delay is that of most backends; the users file's is in the program (slow.go).
const delay = 2 * time.Second

type options struct {
	binary string // as it ships
	slow   string // whose users file takes two seconds
	out    string
	dir    string
	only   string
	logins int
	work   time.Duration // what a real OpenVPN takes itself for a login
}

func run(arguments []string) (err error) {
	var o options
	flag.StringVar(&o.binary, "binary", "bin/ovpn-verify", "the `program` as it ships")
	flag.StringVar(&o.slow, "slow", "bin/ovpn-verify-slow", "the `program` built with the tag slowfile")
	flag.StringVar(&o.out, "out", "testdata/bench/storm.txt", "the `file` that keeps the table")
	flag.StringVar(&o.dir, "dir", os.TempDir(), "the `folder` for OpenVPN's temporary files and the state")
	flag.StringVar(&o.only, "only", "", "one `backend`: reference, file, ldap, long, ldaps or hash")
	flag.IntVar(&o.logins, "logins", 1000, "how many come at once")
	if err := flag.CommandLine.Parse(arguments); err != nil {
		return err
	}
	var errBinary, errSlow error
	o.binary, errBinary = filepath.Abs(o.binary)
	o.slow, errSlow = filepath.Abs(o.slow)
	if err := errors.Join(errBinary, errSlow); err != nil {
		return err
	}
	if o.dir, err = os.MkdirTemp(o.dir, "ovpn-verify-storm-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(o.dir)) }()
	text := figures.Machine(o.binary, o.dir, figures.Load())
	if o.work, err = openVPNsWork(); err != nil {
		return err
	}
	rows, err := storms(o)
	if err != nil {
		return err
	}
	text += table(o, rows)
	fmt.Print(text)
	return os.WriteFile(o.out, []byte(text), 0o644)
}

// backends are in the order of the table.
var backends = []struct {
	name  string
	start func(options) (*storm, func() error, error)
}{{"reference", referenceStorm}, {"file", fileStorm}, {"ldap", ldapStorm}, {"long", longStorm}, {"ldaps", ldapsStorm}, {"hash", hashStorm}}

func storms(o options) ([]row, error) {
	var rows []row
	starter := filepath.Join(o.dir, "daemon")
	if err := stand.BuildC(starter, daemonSource); err != nil {
		return nil, err
	}
	for _, b := range backends {
		if o.only != "" && o.only != b.name {
			continue
		}
		s, stop, err := b.start(o)
		for i := 0; err == nil && i < len(s.daemons); i++ {
			var r row
			r, err = s.run(starter, s.daemons[i])
			rows = append(rows, r)
		}
		if err = errors.Join(err, stop()); err != nil {
			return nil, err
		}
	}
	return rows, nil
}
