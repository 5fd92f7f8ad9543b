package main

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"ovpn-verify/scripts/bench/figures"
)

// callTable has one row for each program, with the ratios to the empty Go one.
func callTable(programs []program, all [][]sample, runs int) string {
	base := slices.IndexFunc(programs, func(p program) bool { return p.name == nameGo })
	blocked := func(s sample) float64 { return figures.Ms(s.blocked) }
	goMedian, goHigh := figures.Percentile(all[base], blocked, 50), figures.Percentile(all[base], blocked, 99)
	var b strings.Builder
	fmt.Fprintf(&b, "\nfork, exec and wait, %d calls of each in turn, ms\n\n", runs)
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "median\tp99\tmedian / Go's\tp99 / Go's\tpage faults\tverdict after\t\t")
	for i, p := range programs {
		median, high := figures.Percentile(all[i], blocked, 50), figures.Percentile(all[i], blocked, 99)
		verdict := "–"
		if v := figures.Percentile(all[i], func(s sample) float64 { return figures.Ms(s.verdict) }, 50); v > 0 {
			verdict = fmt.Sprintf("%.2f", v)
		}
		faults := figures.Percentile(all[i], func(s sample) float64 { return float64(s.faults) }, 50)
		fmt.Fprintf(t, "%.3f\t%.3f\t%.2f\t%.2f\t%.0f\t%s\t\t%s\n", median, high, median/goMedian, high/goHigh, faults, verdict, p.name)
	}
	t.Flush()
	return b.String()
}
