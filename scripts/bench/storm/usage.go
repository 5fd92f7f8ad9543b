package main

import (
	"time"

	"ovpn-verify/scripts/bench/figures"
)

// usage is what of the processors' time went where.
type usage struct {
	directory time.Duration
	proxy     time.Duration
	bench     time.Duration // this process
	fronts    time.Duration // up to their exit
	all       time.Duration // everything on this machine
}

func (s *storm) used() usage {
	u := usage{bench: figures.OwnTime(), fronts: figures.ChildrenTime(), all: figures.BusyTime()}
	if s.directory != nil {
		u.directory, u.proxy = s.directory(), s.proxy()
	}
	return u
}

func (u usage) since(before usage) usage {
	return usage{u.directory - before.directory, u.proxy - before.proxy, u.bench - before.bench, u.fronts - before.fronts, u.all - before.all}
}
