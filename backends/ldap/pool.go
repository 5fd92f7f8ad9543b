package ldap

import (
	"context"
	"time"

	"ovpn-verify/verify/turns"
)

const (
	// maxIdleTime is how long a connection waits for the next login: shorter
	// than firewalls take to forget one without a word, after which it would be
	// silent.
	maxIdleTime = 30 * time.Second
	// A connection for binds waits for the next login of a busy time. Where it breaks
	// under a wrong password the directory may count that twice, so that few wait, and
	// not for long.
	maxIdleBind    = 5 * time.Second
	mostIdleToBind = 32
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

// pool keeps connections for later logins: those that search, bound as the service
// account or anonymous, and those on which users are bound, which are never searched
// with. It also holds the number of connections down, of both.
type pool struct {
	searching *turns.Turns
	binding   chan struct{}

	searchers, binders *waiting
}

// newPool allows so many connections at the same time, and at least two. gone is told of
// a server that closed a connection on which users were bound.
func newPool(connections int, gone func(url string)) *pool {
	searching := max(1, connections/searchShare)
	binding := max(1, connections-searching)
	p := &pool{searching: turns.New(fewSearching, searching, searchPatience), binding: make(chan struct{}, binding)}
	p.searchers = &waiting{
		most: searching, within: maxIdleTime, places: searching, taken: p.searching.Taken,
		idle: map[string][]*session{},
	}
	p.binders = &waiting{
		most: min(mostIdleToBind, binding), within: maxIdleBind, places: binding, taken: func() int { return len(p.binding) },
		gone: gone, idle: map[string][]*session{},
	}
	return p
}

// placeToBind waits for one of the places, and returns how to leave it.
func (p *pool) placeToBind(ctx context.Context) (leave func(), err error) {
	select {
	case p.binding <- struct{}{}:
		return func() { <-p.binding }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}
