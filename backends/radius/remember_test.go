package radius

import (
	"context"
	"slices"
	"testing"
	"time"
)

// kept is a memory with one server in it.
type kept map[string]time.Time

func (k kept) Avoided(context.Context, []string) map[string]time.Time { return k }
func (k kept) Avoid(server string, until time.Time)                   { k[server] = until }

func TestNextWorkerKnowsTheSilentServer(t *testing.T) {
	memory := kept{}
	first, second := newHealth(), newHealth()
	first.avoid.Memory, second.avoid.Memory = memory, memory
	servers, now := []string{"a", "b"}, time.Now()
	first.recall(t.Context(), servers, now)
	first.silent("a", now)
	second.recall(t.Context(), servers, now)
	order, probe := second.order(servers, now)
	if !slices.Equal(order, []string{"b", "a"}) || !slices.Equal(probe, []string{"a"}) {
		t.Errorf("order %v, probed %v", order, probe)
	}
	second.answered("a")
	if !memory["a"].IsZero() {
		t.Errorf("remembered until %v after it answered", memory["a"])
	}
}
