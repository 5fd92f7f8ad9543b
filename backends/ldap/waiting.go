package ldap

import (
	"context"
	"slices"
	"sync"
	"time"
)

// forgottenAfter is how long what is sent on a connection that has waited may stay without
// the other end's acknowledgment (RFC 9293 section 3.8.3, user timeout). What is between
// may have forgotten the connection without a word: it is replaced then, and the login
// has not lost all its time. With a shorter ldap.timeout it is a third of that.
const forgottenAfter = 2 * time.Second

// mostUsers are bound on one connection: their names are kept for as long as it is.
const mostUsers = 64

// waiting are connections without a login, by server. All that was ever asked on them
// was answered.
type waiting struct {
	most   int              // so many wait at once
	within time.Duration    // none waits for longer
	places int              // so many connections there may be, with those in use
	taken  func() int       // so many are in use
	gone   func(url string) // is told of a server that closed one, and the others are not used then; nil: they are

	mu    sync.Mutex
	idle  map[string][]*session // by URL, the last used at the end
	timed bool                  // expire is going to be called
}

// take returns a connection that waits, which then ends with ctx; or nil, and
// there is room for a new one. None is returned on which user was bound; empty: nobody.
// It is one step, or else a login that found none would close, to make room, what another
// has just put there. Call it with a place.
func (w *waiting) take(ctx context.Context, url, user string) *session {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := len(w.idle[url]) - 1; i >= 0; i-- {
		s := w.idle[url][i]
		if slices.Contains(s.users, user) {
			continue
		}
		w.idle[url] = slices.Delete(w.idle[url], i, i+1)
		quiet := s.isQuiet()
		if quiet && time.Since(s.idleSince) <= w.within {
			s.follow(ctx)
			s.wire.reset()
			return s
		}
		s.abandon()
		if !quiet && w.gone != nil {
			w.gone(url)
			w.dropAll(url)
			break
		}
	}
	w.clear()
	return nil
}

// put keeps a connection for the next login, or closes it. The caller still has its
// place, so no more are kept than there are places.
func (w *waiting) put(s *session) {
	if !w.keep(s) {
		s.close()
	}
}

// keep tells whether the connection waits: not beside enough others, nor with an answer
// that may still come, or that nobody asked for, nor when its context has just ended it.
func (w *waiting) keep(s *session) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.count() >= w.most || len(s.users) >= mostUsers || s.unanswered || s.wire.holds() || !s.disarm() {
		return false
	}
	if !s.reused {
		s.reused = true
		s.raw.limitUnacknowledged(min(forgottenAfter, s.backend.config.Timeout/3))
	}
	s.idleSince = time.Now()
	w.idle[s.server] = append(w.idle[s.server], s)
	w.expireLater()
	return true
}

func (w *waiting) count() (n int) {
	for _, idle := range w.idle {
		n += len(idle)
	}
	return n
}

// makeRoom is for a new connection that is wanted whatever waits. Call it with a place.
func (w *waiting) makeRoom() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clear()
}

// clear closes connections that wait, to another server as a rule, until they
// and those in use are no more than the places. The caller holds w.mu.
func (w *waiting) clear() {
	n := w.count()
	for url, idle := range w.idle {
		for len(idle) > 0 && n+w.taken() > w.places {
			idle[0].abandon()
			idle = idle[1:]
			n--
		}
		w.idle[url] = idle
	}
}

// expireLater is for the one that has waited for longest. The caller holds w.mu.
func (w *waiting) expireLater() {
	if w.timed || w.count() == 0 {
		return
	}
	oldest := time.Now()
	for _, idle := range w.idle {
		if len(idle) > 0 && idle[0].idleSince.Before(oldest) {
			oldest = idle[0].idleSince
		}
	}
	w.timed = true
	time.AfterFunc(time.Until(oldest.Add(w.within+w.within/8)), w.expire)
}

// expire closes those that have waited too long.
func (w *waiting) expire() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for url, idle := range w.idle {
		for len(idle) > 0 && time.Since(idle[0].idleSince) > w.within {
			idle[0].abandon()
			idle = idle[1:]
		}
		w.idle[url] = idle
		if len(idle) == 0 {
			delete(w.idle, url)
		}
	}
	w.timed = false
	w.expireLater()
}

// drop closes all that wait: one of them failed, and a server that dropped it
// has dropped the others as well.
func (w *waiting) drop(url string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dropAll(url)
}

// dropAll is with w.mu.
func (w *waiting) dropAll(url string) {
	for _, s := range w.idle[url] {
		s.abandon()
	}
	delete(w.idle, url)
}
