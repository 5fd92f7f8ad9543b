package main

import (
	"cmp"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Where one of these is reached, there is no more to be had of it by having more
// logins under way.
const (
	fullyBusy    = 0.85 // of the processors' time
	alwaysOnDisk = 0.5  // of the time in which one fsync at a time is under way
)

// bound says what kept the logins from being more, by the figures that stand in
// the table.
func (g group) bound(p place) string {
	var parts []string
	for _, r := range p.rates {
		parts = append(parts, fmt.Sprintf("%d at a time %s", r.atOnce, g.boundOf(r)))
	}
	return strings.Join(parts, "; ")
}

func (g group) boundOf(r rate) string {
	switch {
	case r.busy()+r.others() >= fullyBusy && r.atOnce > 1:
		return fmt.Sprintf("the %d processors (%.0f %% busy with this, %.0f %% with other work): %s", runtime.NumCPU(), 100*r.busy(), 100*r.others(), g.shares(r))
	case r.waiting() >= alwaysOnDisk:
		return fmt.Sprintf("the disk (%.0f %% of the time in fsync, %.2f ms each)", 100*r.waiting(), r.synced.Seconds()*1e3/float64(r.syncs))
	case r.atOnce == 1:
		return fmt.Sprintf("the login's own steps, one after the other: %s, fsync %.2f ms, of %.2f ms", g.times(r), r.each(r.synced), r.each(r.took))
	}
	return fmt.Sprintf("waiting (the processors %.0f %% busy, %.0f %% of the time in fsync)", 100*r.busy(), 100*r.waiting())
}

type share struct {
	of   string
	time time.Duration
}

// parts are whose time it was, the most first.
func (g group) parts(r rate) []share {
	all := []share{
		{"worker", r.spent.worker}, {g.backend.server, r.spent.server}, {"front", r.spent.fronts},
		{"the daemon's part", r.spent.own},
	}
	all = slices.DeleteFunc(all, func(s share) bool { return s.of == "" })
	slices.SortStableFunc(all, func(a, b share) int { return cmp.Compare(b.time, a.time) })
	return all
}

func (g group) shares(r rate) string {
	var list []string
	for _, s := range g.parts(r) {
		list = append(list, fmt.Sprintf("%s %.0f %%", s.of, 100*s.time.Seconds()/r.spent.logins().Seconds()))
	}
	return strings.Join(list, ", ")
}

func (g group) times(r rate) string {
	var list []string
	for _, s := range g.parts(r) {
		list = append(list, fmt.Sprintf("%s %.2f", s.of, r.each(s.time)))
	}
	return strings.Join(list, ", ")
}
