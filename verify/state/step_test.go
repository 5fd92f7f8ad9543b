package state

import (
	"errors"
	"strings"
	"testing"
)

func TestSpendStepAcceptsLaterStepsOnly(t *testing.T) {
	s := newStore(t)
	for _, c := range []struct {
		identity string
		step     uint64
		want     error
	}{
		{"ada", 0, nil}, {"ada", 0, ErrSpent}, {"ada", 60, nil}, {"ada", 30, ErrSpent}, {"ada", 60, ErrSpent},
		{"ADA", 60, ErrSpent}, {"Ada", 90, nil}, {"ada", 90, ErrSpent}, {"bob", 30, nil},
		{"ÄDA", 5, nil}, {"äda", 5, ErrSpent}, {"a\xff", 5, nil}, {"a\xfe", 5, nil},
		{"ada", 1<<64 - 1, nil}, {"ada", 1<<64 - 1, ErrSpent},
		{"", 1, ErrUnavailable}, {strings.Repeat("a", 4097), 1, ErrUnavailable}, {strings.Repeat("a", 4096), 1, nil},
	} {
		if err := s.SpendStep(t.Context(), c.identity, c.step, Counter{}, now); !errors.Is(err, c.want) {
			t.Errorf("%.9q, step %d: %v, want %v", c.identity, c.step, err, c.want)
		}
	}
	again := Open(s.path, s.keyFile)
	if err := again.SpendStep(t.Context(), "ada", 90, Counter{}, now); !errors.Is(err, ErrSpent) {
		t.Errorf("another store on the same file: %v", err)
	}
}
