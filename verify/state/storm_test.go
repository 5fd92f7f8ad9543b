package state

import (
	"fmt"
	"testing"
	"time"
)

var office = Counter{Kind: CountAddress, Name: "192.0.2.1", Most: 50, Window: 10 * time.Minute, Lockout: 10 * time.Minute, Lenient: true}

// A worker that dies under a storm, with a power cut, must not lock an office out.
func TestAttemptsThatDoNotEndLockNoAddress(t *testing.T) {
	s := newStore(t)
	for i := range 60 {
		must(t, s.BeginAttempt(t.Context(), fmt.Sprint(i), []Counter{office}, now, now.Add(time.Minute)))
	}
	must(t, s.Locked(t.Context(), []Counter{office}, now.Add(time.Minute)))
}

// Each login of a storm costs the same, however many came before it.
func TestStormFromOneAddressKeepsItsRecordSmall(t *testing.T) {
	s := newStore(t)
	for i := range 200 {
		must(t, s.BeginAttempt(t.Context(), fmt.Sprint(i), []Counter{office}, now, now.Add(time.Minute)))
	}
	must(t, s.do(t.Context(), func(t *txn) error {
		a, err := t.attempts(office, now)
		if len(a.Pending) > office.Most {
			return fmt.Errorf("%d attempts under way are kept", len(a.Pending))
		}
		return err
	}))
}
