// Command worker measures how long a worker takes to start, and how long to react
// once it is there: from the execution of front to the job, from the job to the
// request to a real RADIUS server, from that one's answer to the verdict. The
// kernel tells when (package tracefs), so that the program is the one that ships.
package main

import (
	"flag"
	"fmt"
	"os"

	"ovpn-verify/scripts/bench/figures"
	"ovpn-verify/scripts/bench/stand"
)

func main() {
	r := stand.Define("worker", 100)
	flag.Parse()
	if err := r.Keep(func() (string, error) { return steps(r) }); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func steps(r *stand.Run) (string, error) {
	places, err := measure(r)
	if err != nil {
		return "", err
	}
	inits, err := figures.Inits(r.Binary)
	return table(places) + start(inits), err
}
