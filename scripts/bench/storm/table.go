package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"ovpn-verify/scripts/bench/figures"
	"ovpn-verify/scripts/testbed"
)

func table(o options, rows []row) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%d logins at once, each of another user from another address, the configuration as it is by default\n\n", o.logins)
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "daemons\tits own\taccepted\tpending\tworkers\tMiB\town\tthreads\tfront idle\tmedian\tp99\tverdict median\tp99\tlast\tworker\tslapd\tproxy\tbench\tfronts\tall\t\t")
	for _, r := range rows {
		accepted := 0
		for _, p := range r.passed {
			if p.Verdict == '1' {
				accepted++
			}
		}
		blocked := func(p testbed.Passed) float64 { return figures.Ms(p.Blocked) }
		took := func(p testbed.Passed) float64 { return figures.Ms(p.Took) }
		fmt.Fprintf(t, "%d\t%.1f\t%d\t%d\t%d\t%.1f\t%.1f\t%d\t%.2f\t%.2f\t%.2f\t%.0f\t%.0f\t%.0f\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t\t%s\n",
			r.daemons.number, figures.Ms(r.daemons.work), accepted, r.pending, len(r.seen.PIDs), float64(r.seen.Resident)/1024, float64(r.seen.Own)/1024, r.seen.Threads,
			figures.Percentile(r.idle, blocked, 50), figures.Percentile(r.passed, blocked, 50), figures.Percentile(r.passed, blocked, 99),
			figures.Percentile(r.passed, took, 50), figures.Percentile(r.passed, took, 99), figures.Percentile(r.passed, took, 100),
			r.seen.Used.Seconds(), r.used.directory.Seconds(), r.used.proxy.Seconds(), r.used.bench.Seconds(), r.used.fronts.Seconds(), r.used.all.Seconds(), r.name)
	}
	t.Flush()
	b.WriteString(`
daemons   how many there were; each runs one front and waits for it
its own   ms of a processor that a daemon takes itself before each front: none, or as much as a real OpenVPN did here just before
pending   logins that had been handed over and not decided, at most
MiB       the worker's memory at its most (VmHWM), with the program's own pages
own       what of that is no file's (RssAnon)
front     ms that the daemon stands still: fork, exec and wait; idle: the median of 300 calls just before
verdict   ms from the start of front to the verdict
worker …  seconds of the processors: of the worker in all its life; slapd; what delays it; this benchmark; the daemon and fronts up to their
          exit, without the copies that go on; everything on the machine
`)
	return b.String()
}

// mostPending is how many had been handed over and were not decided at one moment.
func mostPending(passed []testbed.Passed) int {
	type change struct {
		at time.Time
		by int
	}
	var changes []change
	for _, p := range passed {
		if p.Took > 0 {
			changes = append(changes, change{p.Began.Add(p.Blocked), 1}, change{p.Began.Add(max(p.Took, p.Blocked)), -1})
		}
	}
	slices.SortFunc(changes, func(a, b change) int { return cmp.Or(a.at.Compare(b.at), b.by-a.by) })
	pending, most := 0, 0
	for _, c := range changes {
		pending += c.by
		most = max(most, pending)
	}
	return most
}
