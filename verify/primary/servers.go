package primary

import (
	"context"
	"time"
)

// ServerMemory remembers across workers which servers gave no answer. It decides
// the order in which servers are asked and nothing else, so a memory that fails
// is as good as none.
type ServerMemory interface {
	// Avoided returns those of servers that are to be asked last, and until when.
	Avoided(ctx context.Context, servers []string) map[string]time.Time
	// Avoid remembers one until then; the zero time forgets it.
	Avoid(server string, until time.Time)
}
