package ldap

import (
	"context"
	"sync"
	"testing"
	"time"
)

// shared is a memory that two backends have in common, as two workers have the state.
type shared struct {
	mu   sync.Mutex
	held map[string]time.Time
}

func (s *shared) Avoided(_ context.Context, servers []string) map[string]time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := map[string]time.Time{}
	for _, server := range servers {
		if until := s.held[server]; !until.IsZero() {
			found[server] = until
		}
	}
	return found
}

func (s *shared) Avoid(server string, until time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held[server] = until
}

func TestNextWorkerKnowsTheDeadServer(t *testing.T) {
	memory := &shared{held: map[string]time.Time{}}
	all := []endpoint{{url: "ldap://a"}, {url: "ldap://b"}}
	first, second := newHealth(), newHealth()
	first.avoid.Memory, second.avoid.Memory = memory, memory
	first.recall(t.Context(), all)
	first.failed("ldap://a")
	second.recall(t.Context(), all)
	if order, due := second.order(all); order[0].url != "ldap://b" || len(due) != 0 {
		t.Errorf("order %v, probed %v", order, due)
	}
	second.answered("ldap://a")
	third := newHealth()
	third.avoid.Memory = memory
	third.recall(t.Context(), all)
	if order, _ := third.order(all); order[0].url != "ldap://a" {
		t.Errorf("order %v after it was back", order)
	}
}
