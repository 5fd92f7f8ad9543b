package state

import (
	"testing"
	"time"
)

func TestLockedOutListsThoseWhoAre(t *testing.T) {
	s := newStore(t)
	if locks, err := s.LockedOut(t.Context(), now); err != nil || len(locks) != 0 {
		t.Errorf("before there is a database: %v, %v", locks, err)
	}
	count := func(c Counter, failures int) {
		for i := range failures {
			must(t, attempt(t, s, c, Failed, now.Add(time.Duration(i)*time.Second)))
		}
	}
	other := func(kind, name string) Counter { c := user; c.Kind, c.Name = kind, name; return c }
	count(user, 3)
	count(other(CountFactor, "bob"), 3)
	count(other(CountAddress, "192.0.2.7"), 3)
	count(other(CountPlace, "carol at 192.0.2.7"), 3)
	count(other(CountUser, "dave"), 2)
	found := map[string]time.Time{}
	locks, err := s.LockedOut(t.Context(), now.Add(time.Minute))
	must(t, err)
	for _, l := range locks {
		found[l.Kind+" "+l.Name] = l.Until
	}
	until := now.Add(2*time.Second + user.Lockout)
	if len(found) != 3 || !found["user Ada"].Equal(until) || !found["factor bob"].Equal(until) || !found["address 192.0.2.7"].Equal(until) {
		t.Errorf("%v", found)
	}
	if locks, err := s.LockedOut(t.Context(), until); err != nil || len(locks) != 0 {
		t.Errorf("afterwards: %v, %v", locks, err)
	}
}
