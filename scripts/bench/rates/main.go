// Command rates lets users log in through one worker, one, eight and sixty-four at
// a time, with each backend, without and with a code, and says how many there were
// in a second and what kept them from being more: whose work the processors did,
// and how long the disk was waited for. Every login is a call as OpenVPN makes it,
// and has to be accepted.
package main

import (
	"flag"
	"fmt"
	"os"

	"ovpn-verify/scripts/bench/figures"
	"ovpn-verify/scripts/bench/stand"
)

type options struct {
	*stand.Run
	only string
}

func main() {
	o := options{Run: stand.Define("rates", 1000)}
	flag.StringVar(&o.only, "only", "", "one `backend`: file, ldap or radius")
	flag.Parse()
	if err := o.Keep(func() (string, error) { return rates(o) }); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func rates(o options) (string, error) {
	if err := figures.AdoptOrphans(); err != nil {
		return "", err
	}
	groups, err := measure(o)
	return table(o.Logins, groups), err
}
