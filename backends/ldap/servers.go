package ldap

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"ovpn-verify/backends/avoid"
)

// deadTime is how long a server that failed comes after the others before it
// is probed.
const deadTime = 30 * time.Second

// reserve is the part of a login's time that is left for what comes after the
// servers: a tenth.
const reserve = 10

// health remembers which servers failed, across workers where there is a memory.
type health struct {
	wait  time.Duration
	avoid avoid.List

	mu   sync.Mutex
	dead map[string]time.Time // URL, and when to probe
}

func newHealth() *health { return &health{wait: deadTime, dead: map[string]time.Time{}} }

func (h *health) failed(url string) {
	h.mu.Lock()
	h.dead[url] = time.Now().Add(h.wait)
	h.mu.Unlock()
	h.avoid.Failed(url, h.wait)
}

func (h *health) answered(url string) {
	h.mu.Lock()
	delete(h.dead, url)
	h.mu.Unlock()
	h.avoid.Answered(url)
}

// recall takes over what earlier workers found.
func (h *health) recall(ctx context.Context, all []endpoint) {
	urls := make([]string, len(all))
	for i, e := range all {
		urls[i] = e.url
	}
	avoided := h.avoid.Recall(ctx, urls)
	h.mu.Lock()
	defer h.mu.Unlock()
	maps.Copy(h.dead, avoided)
}

// order puts the dead servers last. They are asked when no other decides, so
// that the first login after all were away succeeds. due are those to probe;
// nobody else is told to for a while.
func (h *health) order(all []endpoint) (order, due []endpoint) {
	h.mu.Lock()
	defer h.mu.Unlock()
	isDead := func(e endpoint) bool { _, dead := h.dead[e.url]; return dead }
	order = slices.DeleteFunc(slices.Clone(all), isDead)
	if len(order) == len(all) {
		return order, nil
	}
	now := time.Now()
	for _, e := range all {
		if !isDead(e) {
			continue
		}
		if len(order) > 0 && !now.Before(h.dead[e.url]) {
			h.dead[e.url] = now.Add(h.wait)
			due = append(due, e)
		}
		order = append(order, e)
	}
	return order, due
}

// probe finds out in the background whether a dead server is back: no login
// waits for that, and none ends when the library panics over an answer. The server
// stays dead then.
func (b *Backend) probe(e *endpoint) {
	defer func() { _ = recover() }()
	ctx, cancel := b.withTimeout(context.Background(), b.config.Timeout)
	defer cancel()
	leave, _, err := b.pool.searching.Take(ctx)
	if err != nil {
		return
	}
	defer leave()
	b.pool.searchers.makeRoom()
	if s, err := b.newSearcher(ctx, e); err == nil { // without an account: connected
		b.health.answered(e.url)
		b.pool.searchers.put(s)
	}
}

// share is what one server gets of the time: ldap.timeout, or less where the
// login's own time would not reach for the servers after it.
func (b *Backend) share(ctx context.Context, servers int) time.Duration {
	end, ok := ctx.Deadline()
	if !ok {
		return b.config.Timeout
	}
	left := time.Until(end)
	return min(b.config.Timeout, (left-left/reserve)/time.Duration(servers))
}

func (b *Backend) withTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, d, noAnswer(d))
}

// noAnswer within the time. Its text is made for those who read it: each login has one.
type noAnswer time.Duration

func (n noAnswer) Error() string {
	return fmt.Sprintf("no answer within %v", time.Duration(n).Round(time.Millisecond))
}
