// Command rates lets users log in through one worker, one, eight and sixty-four at
// a time, with each backend, without and with a code, and says how many there were
// in a second and what kept them from being more: whose work the processors did,
// and how long the disk was waited for. Every login is a call as OpenVPN makes it,
// and has to be accepted.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"ovpn-verify/scripts/bench/figures"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

type options struct {
	binary string
	out    string
	disk   string
	tmpfs  string
	only   string
	logins int
}

func run() (err error) {
	var o options
	flag.StringVar(&o.binary, "binary", "bin/ovpn-verify", "the `program`")
	flag.StringVar(&o.out, "out", "testdata/bench/rates.txt", "the `file` that keeps the table")
	flag.StringVar(&o.disk, "disk", os.TempDir(), "a `folder` on a disk")
	flag.StringVar(&o.tmpfs, "tmpfs", "/dev/shm", "a `folder` in memory")
	flag.StringVar(&o.only, "only", "", "one `backend`: file, ldap or radius")
	flag.IntVar(&o.logins, "logins", 1000, "how many each figure is from")
	flag.Parse()
	if o.binary, err = filepath.Abs(o.binary); err != nil {
		return err
	}
	for _, dir := range []*string{&o.disk, &o.tmpfs} {
		if *dir, err = os.MkdirTemp(*dir, "ovpn-verify-rates-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(*dir)) }()
	}
	if err := figures.AdoptOrphans(); err != nil {
		return err
	}
	head := figures.Machine(o.binary, o.disk, figures.Load())
	groups, err := measure(o)
	if err != nil {
		return err
	}
	text := head + table(o, groups)
	fmt.Print(text)
	return os.WriteFile(o.out, []byte(text), 0o644)
}
