package state

import (
	"context"
	"testing"
)

// A storm is served a part at a time, and in order.
func TestABatchIsBounded(t *testing.T) {
	s := Open(t.TempDir()+"/state.db", t.TempDir()+"/key")
	calls := make([]*call, 2*maxBatch+1)
	for i := range calls {
		calls[i] = newCall(context.Background(), soon(), nil, nil)
	}
	s.queue = append(s.queue, calls...)
	for at := 0; at < len(calls); {
		batch := s.take()
		if len(batch) == 0 || len(batch) > maxBatch {
			t.Fatalf("%d in a batch", len(batch))
		}
		for _, c := range batch {
			if c != calls[at] {
				t.Fatalf("the call at %d is not served in its turn", at)
			}
			at++
		}
	}
	if len(s.queue) != 0 {
		t.Errorf("%d are left", len(s.queue))
	}
}
