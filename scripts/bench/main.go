// Command bench measures what OpenVPN waits for. Times differ between machines
// and between hours; ratios within one run carry over. So every run builds
// programs to compare with, calls all of them in turn, and prints ratios.
//
//	bench            fork, exec and wait of each program
//	bench -daemon    the same from a real OpenVPN's side; needs root and /dev/net/tun
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
	binary  string
	against string
	out     string
	dir     string
	runs    int
	logins  int
	daemon  bool
}

func run() (err error) {
	var o options
	flag.StringVar(&o.binary, "binary", "bin/ovpn-verify", "the `program` to measure")
	flag.StringVar(&o.against, "against", "", "a second build of the `program`, measured in the same run")
	flag.StringVar(&o.out, "out", "testdata/bench/latest.txt", "the `file` that keeps the table")
	flag.StringVar(&o.dir, "dir", os.TempDir(), "the `folder` for OpenVPN's temporary files and the state")
	flag.IntVar(&o.runs, "runs", 1000, "calls of each program")
	flag.IntVar(&o.logins, "logins", 40, "with -daemon: logins through each program")
	flag.BoolVar(&o.daemon, "daemon", false, "measure from the daemon's side, and append the table")
	flag.Parse()
	if o.binary, err = filepath.Abs(o.binary); err != nil {
		return err
	}
	if o.against != "" {
		if o.against, err = filepath.Abs(o.against); err != nil {
			return err
		}
	}
	dir, err := os.MkdirTemp(o.dir, "ovpn-verify-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	// The daemon's side has users and folders of its own.
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	if o.daemon {
		return benchDaemon(o, dir)
	}
	return benchCalls(o, dir)
}

// benchCalls prints the first table and begins the file with it.
func benchCalls(o options, dir string) error {
	before := figures.Load()
	programs, err := callPrograms(o, dir)
	if err != nil {
		return err
	}
	all, err := callInTurn(programs, o.runs, filepath.Join(dir, "calls"))
	if err != nil {
		return err
	}
	text := figures.Machine(o.binary, dir, before) + callTable(programs, all, o.runs)
	fmt.Print(text)
	return os.WriteFile(o.out, []byte(text), 0o644)
}
