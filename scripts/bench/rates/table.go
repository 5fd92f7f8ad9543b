package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"ovpn-verify/scripts/bench/figures"
	"ovpn-verify/scripts/testbed"
)

func table(logins int, groups []group) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\nlogins through one worker, each of another user from another address, all accepted; %d for each figure\n", logins)
	for _, g := range groups {
		fmt.Fprintf(&b, "\n%s\n\n", g.title())
		g.rows(&b)
		for _, p := range g.places {
			fmt.Fprintf(&b, "%s: %s.\n", p.name, g.bound(p))
		}
	}
	b.WriteString(`
at a time   logins that are under way, each from the start of front to its verdict
ms          from the start of front to the verdict
CPU         ms of the processors' time for each login: of the worker, of the server that it asks,
            of front with its copy that goes on, and of this program, which stands in for the daemon
            (it forks, waits, and watches the files)
busy        part of the processors' time that these four had
others      part that others had: the kernel's threads, and what else runs on the machine
fsync       calls of fsync and fdatasync for each login, and the part of the time in which one was under way
state       where the state is, the log, and OpenVPN's temporary files
`)
	return b.String()
}

func (g group) title() string {
	if g.codes {
		return g.backend.name + ", password and code"
	}
	return g.backend.name + ", password alone"
}

func (g group) rows(w io.Writer) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "state\tat a time\tlogins/s\tms median\tp99\tCPU worker\tserver\tfront\tdaemon\tbusy\tothers\tfsyncs\tof the time\t")
	for _, p := range g.places {
		for _, r := range p.rates {
			took := func(p testbed.Passed) float64 { return figures.Ms(p.Took) }
			fmt.Fprintf(t, "%s\t%d\t%.0f\t%.1f\t%.1f\t%.2f\t%.2f\t%.2f\t%.2f\t%.0f %%\t%.0f %%\t%.2f\t%.0f %%\t\n",
				p.name, r.atOnce, r.perSecond(), figures.Percentile(r.passed, took, 50), figures.Percentile(r.passed, took, 99),
				r.each(r.spent.worker), r.each(r.spent.server), r.each(r.spent.fronts), r.each(r.spent.own),
				100*r.busy(), 100*r.others(), float64(r.syncs)/float64(len(r.passed)), 100*r.waiting())
		}
	}
	t.Flush()
}
