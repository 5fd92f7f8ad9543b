package radius

import (
	"context"
	"slices"
	"sync"
	"time"

	"ovpn-verify/backends/avoid"
)

// How long a server that gave no answer is asked after the others, and how far
// apart the probes are that may end this earlier. A server that answers no
// Status-Server costs one login in a minute its timeout.
const (
	restTime   = time.Minute
	probePause = 5 * time.Second
)

// health remembers which servers gave no answer, across workers where there is a
// memory.
// It changes the order in which servers are asked and nothing else: where all
// are down, all are asked.
type health struct {
	rest, pause time.Duration
	avoid       avoid.List

	mu   sync.Mutex
	down map[string]*absence // by server
}

// absence is a server that gave no answer.
type absence struct {
	ends      time.Time // when a login tries the server again
	nextProbe time.Time
}

func newHealth() *health {
	return &health{rest: restTime, pause: probePause, down: make(map[string]*absence)}
}

// order puts the servers that are down behind the others, and returns those of
// them that are to be probed now.
func (h *health) order(servers []string, now time.Time) (order, probe []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var last []string
	for _, server := range servers {
		a, down := h.down[server]
		if !down || !now.Before(a.ends) {
			order = append(order, server)
			continue
		}
		last = append(last, server)
		if !now.Before(a.nextProbe) {
			a.nextProbe = now.Add(h.pause)
			probe = append(probe, server)
		}
	}
	return slices.Concat(order, last), probe
}

// answered ends a server's absence.
func (h *health) answered(server string) {
	h.mu.Lock()
	delete(h.down, server)
	h.mu.Unlock()
	h.avoid.Answered(server)
}

// recall takes over what earlier workers found.
func (h *health) recall(ctx context.Context, servers []string, now time.Time) {
	avoided := h.avoid.Recall(ctx, servers)
	h.mu.Lock()
	defer h.mu.Unlock()
	for server, until := range avoided {
		h.down[server] = &absence{ends: until, nextProbe: now}
	}
}

// silent begins an absence, or goes on with it, and tells whether to probe the
// server now: it may have been this one request, of a user who did not look at
// the phone or whose realm's server is away, that was not answered.
func (h *health) silent(server string, now time.Time) (probe bool) {
	h.avoid.Failed(server, h.rest)
	h.mu.Lock()
	defer h.mu.Unlock()
	a := h.down[server]
	if a == nil {
		a = &absence{nextProbe: now}
		h.down[server] = a
	}
	a.ends = now.Add(h.rest)
	if probe = !now.Before(a.nextProbe); probe {
		a.nextProbe = now.Add(h.pause)
	}
	return probe
}
