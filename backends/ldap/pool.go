package ldap

import (
	"context"
	"sync"
	"time"

	"ovpn-verify/verify/turns"
)

const (
	// maxIdleTime is how long a connection waits for the next login: shorter
	// than firewalls take to forget one without a word, after which it would be
	// silent.
	maxIdleTime = 30 * time.Second
	// defaultConnections are those at the same time, unless limited otherwise.
	defaultConnections = 64
	// searchShare is the part of them that search. A search is over sooner than
	// the comparison of a password, and fewer connections are used more often.
	searchShare = 4
	// So many search at once while each is through within the patience: to wait for a
	// connection that is good costs less than to make one and sign in.
	fewSearching   = 32
	searchPatience = 50 * time.Millisecond
)

// pool keeps connections that are bound as the service account, or anonymous,
// on which everything that was ever asked was answered. A connection on which
// a user was bound is never among them. It also holds the number of
// connections down, for those that search and for those that bind.
type pool struct {
	searching *turns.Turns
	binding   chan struct{}

	mu   sync.Mutex
	idle map[string][]*session // by URL, the last used at the end
}

// newPool allows so many connections at the same time, and at least two.
func newPool(connections int) *pool {
	searching := max(1, connections/searchShare)
	return &pool{
		searching: turns.New(fewSearching, searching, searchPatience),
		binding:   make(chan struct{}, max(1, connections-searching)),
		idle:      map[string][]*session{},
	}
}

// place waits for one of the places, and returns how to leave it.
func place(ctx context.Context, places chan struct{}) (leave func(), err error) {
	select {
	case places <- struct{}{}:
		return func() { <-places }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// take returns a connection that waits, which then ends with ctx; or nil, and
// there is room for a new one. It is one step, or else a login that found none
// would close, to make room, what another has just put there. Call it with a place.
func (p *pool) take(ctx context.Context, url string) *session {
	p.mu.Lock()
	defer p.mu.Unlock()
	for n := len(p.idle[url]); n > 0; n = len(p.idle[url]) {
		s := p.idle[url][n-1]
		p.idle[url] = p.idle[url][:n-1]
		if !s.isQuiet() || time.Since(s.idleSince) > maxIdleTime {
			s.abandon()
			continue
		}
		s.follow(ctx)
		s.wire.reset()
		return s
	}
	p.clear()
	return nil
}

// put keeps a connection for the next login. The caller still has its place
// among those that search, so no more are kept than there are such places.
func (p *pool) put(s *session) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.unanswered || !s.disarm() {
		s.abandon() // the context may just have ended it
		return
	}
	s.idleSince, s.reused = time.Now(), true
	p.idle[s.server] = append(p.idle[s.server], s)
	time.AfterFunc(maxIdleTime+time.Second, func() { p.expire(s.server) })
}

// makeRoom is for a new connection that is wanted whatever waits. Call it with a place.
func (p *pool) makeRoom() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
}

// clear closes connections that wait, to another server as a rule, until they
// and those in use are no more than the places. The caller holds p.mu.
func (p *pool) clear() {
	waiting := 0
	for _, idle := range p.idle {
		waiting += len(idle)
	}
	for url, idle := range p.idle {
		for len(idle) > 0 && waiting+p.searching.Taken() > p.searching.Most() {
			idle[0].abandon()
			idle = idle[1:]
			waiting--
		}
		p.idle[url] = idle
	}
}

// expire closes those that have waited too long.
func (p *pool) expire(url string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.idle[url]) > 0 && time.Since(p.idle[url][0].idleSince) > maxIdleTime {
		p.idle[url][0].abandon()
		p.idle[url] = p.idle[url][1:]
	}
}

// drop closes all that wait: one of them failed, and a server that dropped it
// has dropped the others as well.
func (p *pool) drop(url string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.idle[url] {
		s.abandon()
	}
	delete(p.idle, url)
}
