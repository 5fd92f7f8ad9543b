// Command worker measures how long a worker takes to start, and how long to react
// once it is there: from the execution of front to the job, from the job to the
// request to a real RADIUS server, from that one's answer to the verdict. The
// kernel tells when (package tracefs), so that the program is the one that ships.
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
	logins int
}

func run() (err error) {
	var o options
	flag.StringVar(&o.binary, "binary", "bin/ovpn-verify", "the `program`")
	flag.StringVar(&o.out, "out", "testdata/bench/worker.txt", "the `file` that keeps the table")
	flag.StringVar(&o.disk, "disk", os.TempDir(), "a `folder` on a disk")
	flag.StringVar(&o.tmpfs, "tmpfs", "/dev/shm", "a `folder` in memory")
	flag.IntVar(&o.logins, "logins", 100, "how many start a worker, and how many find one")
	flag.Parse()
	if o.binary, err = filepath.Abs(o.binary); err != nil {
		return err
	}
	for _, dir := range []*string{&o.disk, &o.tmpfs} {
		if *dir, err = os.MkdirTemp(*dir, "ovpn-verify-worker-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(*dir)) }()
	}
	head := figures.Machine(o.binary, o.disk, figures.Load())
	places, err := measure(o)
	if err != nil {
		return err
	}
	inits, err := figures.Inits(o.binary)
	if err != nil {
		return err
	}
	text := head + table(o, places) + start(inits)
	fmt.Print(text)
	return os.WriteFile(o.out, []byte(text), 0o644)
}
