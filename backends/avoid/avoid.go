// Package avoid stands between a backend's own memory of servers that gave no
// answer and the one that outlives the worker: it reads each server once and
// writes only what is news.
package avoid

import (
	"context"
	"maps"
	"sync"
	"time"

	"ovpn-verify/verify/primary"
)

// List is safe for concurrent use. The zero List remembers nothing.
type List struct {
	Memory primary.ServerMemory // nil: none

	mu      sync.Mutex
	read    map[string]bool
	written map[string]time.Time // what the memory holds, as far as this process knows
}

// Recall returns those of the servers that earlier workers avoided and that this
// one has not asked for before, and until when.
func (l *List) Recall(ctx context.Context, servers []string) map[string]time.Time {
	news := l.unread(servers)
	if len(news) == 0 {
		return nil
	}
	avoided := l.Memory.Avoided(ctx, news)
	l.mu.Lock()
	defer l.mu.Unlock()
	maps.Copy(l.written, avoided)
	return avoided
}

func (l *List) unread(servers []string) (news []string) {
	if l.Memory == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.read == nil {
		l.read, l.written = map[string]bool{}, map[string]time.Time{}
	}
	for _, server := range servers {
		if !l.read[server] {
			l.read[server] = true
			news = append(news, server)
		}
	}
	return news
}

// Failed remembers the server for rest from now on. While a storm runs into the
// same dead server it is written once, and again when half of the time is over.
func (l *List) Failed(server string, rest time.Duration) {
	until := time.Now().Add(rest)
	if l.note(server, func(held time.Time) bool { return until.Sub(held) > rest/2 }, until) {
		l.Memory.Avoid(server, until)
	}
}

// Answered forgets the server, if it is remembered.
func (l *List) Answered(server string) {
	if l.note(server, func(held time.Time) bool { return !held.IsZero() }, time.Time{}) {
		l.Memory.Avoid(server, time.Time{})
	}
}

// note tells whether there is news, and takes it as written.
func (l *List) note(server string, news func(held time.Time) bool, until time.Time) bool {
	if l.Memory == nil {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !news(l.written[server]) {
		return false
	}
	if l.written == nil {
		l.read, l.written = map[string]bool{}, map[string]time.Time{}
	}
	l.written[server] = until
	return true
}
