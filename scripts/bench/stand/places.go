package stand

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"ovpn-verify/scripts/bench/figures"
)

// Place is where state, log and OpenVPN's temporary files are.
type Place struct{ Name, Dir string }

// Run is a benchmark with the state in memory and on a disk.
type Run struct {
	Binary string
	Logins int
	Places []Place // both
	out    string
}

// Define has the flags that each of them takes; the table is testdata/bench/NAME.txt.
func Define(name string, logins int) *Run {
	r := &Run{Places: []Place{{Name: "tmpfs"}, {Name: "disk"}}}
	flag.StringVar(&r.Binary, "binary", "bin/ovpn-verify", "the `program`")
	flag.StringVar(&r.out, "out", "testdata/bench/"+name+".txt", "the `file` that keeps the table")
	flag.StringVar(&r.Places[0].Dir, "tmpfs", "/dev/shm", "a `folder` in memory")
	flag.StringVar(&r.Places[1].Dir, "disk", os.TempDir(), "a `folder` on a disk")
	flag.IntVar(&r.Logins, "logins", logins, "how many each figure is from")
	return r
}

// Disk is the folder on a disk.
func (r *Run) Disk() string { return r.Places[1].Dir }

// Keep measures, and prints and keeps the text that comes of it.
func (r *Run) Keep(measure func() (string, error)) (err error) {
	if r.Binary, err = filepath.Abs(r.Binary); err != nil {
		return err
	}
	for i := range r.Places {
		dir := &r.Places[i].Dir
		if *dir, err = os.MkdirTemp(*dir, "ovpn-verify-bench-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(*dir)) }()
	}
	head := figures.Machine(r.Binary, r.Disk(), figures.Load())
	text, err := measure()
	if err != nil {
		return err
	}
	fmt.Print(head + text)
	return os.WriteFile(r.out, []byte(head+text), 0o644)
}
