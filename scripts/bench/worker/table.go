package main

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"ovpn-verify/scripts/bench/figures"
)

// step is a part of a login's way.
type step struct {
	name     string
	from, to func(login) time.Duration
}

var (
	front    = func(l login) time.Duration { return l.front }
	worker   = func(l login) time.Duration { return l.worker }
	runs     = func(l login) time.Duration { return l.runs }
	taken    = func(l login) time.Duration { return l.taken }
	confined = func(l login) time.Duration { return l.confined }
	asks     = func(l login) time.Duration { return l.asks }
	answered = func(l login) time.Duration { return l.answered }
	verdict  = func(l login) time.Duration { return l.verdict }
)

var cold = []step{
	{"front is executed → the worker is", front, worker},
	{"→ the worker's own code runs", worker, runs},
	{"→ the job is taken", runs, taken},
	{"→ the configuration is read, the process confined", taken, confined},
	{"→ the attempt is kept, the request leaves", confined, asks},
	{"the answer comes → the session is kept, the verdict written", answered, verdict},
	{"all, but for the server's part", front, func(l login) time.Duration { return l.verdict - (l.answered - l.asks) }},
}

var warm = []step{
	{"front is executed → the job is taken", front, taken},
	{"→ the attempt is kept, the request leaves", taken, asks},
	{"the answer comes → the session is kept, the verdict written", answered, verdict},
	{"all, but for the server's part", front, func(l login) time.Duration { return l.verdict - (l.answered - l.asks) }},
}

func table(places []place) string {
	var b strings.Builder
	b.WriteString("\na login's way, one at a time, RADIUS on the loopback, ms\n\n")
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, p := range places {
		fmt.Fprintf(t, "state on %s\tmedian\tp99\tfsync\t\t\n", p.name)
		rows(t, "no worker is there (cold)", cold, p.cold)
		rows(t, "a worker is there (warm)", warm, p.warm)
		fmt.Fprintln(t, "\t\t\t\t\t")
	}
	t.Flush()
	b.WriteString("fsync   how much of the time a file was on its way to the disk, the median\n")
	return b.String()
}

func rows(t *tabwriter.Writer, title string, steps []step, logins []login) {
	fmt.Fprintf(t, "\t\t\t\t\t%s, %d logins\n", title, len(logins))
	for _, s := range steps {
		took := func(l login) float64 { return figures.Ms(s.to(l) - s.from(l)) }
		synced := func(l login) float64 { return figures.Ms(l.synced(s.from(l), s.to(l))) }
		fmt.Fprintf(t, "\t%.2f\t%.2f\t%.2f\t\t  %s\n", figures.Percentile(logins, took, 50),
			figures.Percentile(logins, took, 99), figures.Percentile(logins, synced, 50), s.name)
	}
}

// synced is the part of the time in which an fsync was under way.
func (l login) synced(from, to time.Duration) (sum time.Duration) {
	for _, i := range l.syncs {
		sum += max(0, min(i.to, to)-max(i.from, from))
	}
	return sum
}

// most are the packages that the footer names.
const most = 8

// start says what there is between the execution of the worker and its own code.
func start(inits []figures.Init) string {
	var sum time.Duration
	var names []string
	for i, init := range inits {
		sum += init.Took
		if i < most {
			names = append(names, fmt.Sprintf("%s %.2f", init.Package, figures.Ms(init.Took)))
		}
	}
	return fmt.Sprintf("\nBefore the worker's own code runs there are the kernel's loading of the program, Go's runtime, and the init functions of\n"+
		"%d packages, %.2f ms together (GODEBUG=inittrace=1, medians). The longest inits, ms:\n%s\n",
		len(inits), figures.Ms(sum), strings.Join(names, ", "))
}
