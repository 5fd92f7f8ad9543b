package avoid_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"ovpn-verify/backends/avoid"
)

// memory records what it is asked.
type memory struct {
	held  map[string]time.Time
	calls []string
}

func (m *memory) Avoided(_ context.Context, servers []string) map[string]time.Time {
	m.calls = append(m.calls, fmt.Sprint("read ", servers))
	found := map[string]time.Time{}
	for _, s := range servers {
		if until, ok := m.held[s]; ok {
			found[s] = until
		}
	}
	return found
}

func (m *memory) Avoid(server string, until time.Time) {
	if until.IsZero() {
		m.calls = append(m.calls, "forget "+server)
		return
	}
	m.calls = append(m.calls, "avoid "+server)
}

func TestOnlyNewsIsReadAndWritten(t *testing.T) {
	m := &memory{held: map[string]time.Time{"b": time.Now().Add(time.Minute)}}
	l := avoid.List{Memory: m}
	got := l.Recall(t.Context(), []string{"a", "b"})
	if len(got) != 1 || got["b"].IsZero() {
		t.Errorf("recalled %v", got)
	}
	l.Recall(t.Context(), []string{"b", "a"})
	l.Answered("a")
	for range 100 {
		l.Failed("a", time.Minute)
		l.Failed("b", time.Minute)
	}
	l.Answered("a")
	l.Answered("b")
	l.Answered("b")
	l.Failed("a", time.Minute)
	want := []string{"read [a b]", "avoid a", "forget a", "forget b", "avoid a"}
	if !slices.Equal(m.calls, want) {
		t.Errorf("calls %q, want %q", m.calls, want)
	}
}

func TestWithoutAMemory(t *testing.T) {
	var l avoid.List
	if got := l.Recall(t.Context(), []string{"a"}); len(got) != 0 {
		t.Errorf("recalled %v", got)
	}
	l.Failed("a", time.Minute)
	l.Answered("a")
}
