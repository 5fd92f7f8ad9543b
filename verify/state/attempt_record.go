package state

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// attempts is the record of a counter, in JSON. Kind and Name are in it for
// those who list the locked.
type attempts struct {
	Kind        string
	Name        []byte // []byte because encoding/json would change a name that is not UTF-8
	Failures    []time.Time
	LockedUntil time.Time
	Pending     []pendingAttempt
}

type pendingAttempt struct {
	ID    string
	Until time.Time
	Owner owner
}

// SameCounted tells whether two names have one counter: as Key does, and without
// regard to spaces, of which a directory counts one within a name at most
// (RFC 4518 section 2.6.1). Else each number of them would be a user of its own.
func SameCounted(a, b string) bool { return counted(a) == counted(b) }

func counted(name string) string { return Key(strings.Join(strings.Fields(name), " ")) }

func attemptKey(c Counter) []byte {
	sum := sha256.Sum256([]byte(c.Kind + "\x00" + counted(c.Name)))
	return sum[:]
}

// attempts reads a counter as it stands at now.
func (t *txn) attempts(c Counter, now time.Time) (attempts, error) {
	a, err := t.attemptsAsKept(c)
	if err == nil && a.bringUpTo(now, c) {
		err = t.putAttempts(c, a, now)
	}
	return a, err
}

func (t *txn) attemptsAsKept(c Counter) (attempts, error) {
	a := attempts{Kind: c.Kind, Name: []byte(c.Name)}
	record, err := t.get(bucketAttempts, attemptKey(c))
	if err != nil || record == nil {
		return a, err
	}
	if len(record) < expirySize || json.Unmarshal(record[expirySize:], &a) != nil {
		return a, fmt.Errorf("the attempts of %s %q are damaged", c.Kind, c.Name)
	}
	return a, nil
}

// bringUpTo drops what has passed and tells whether anything has to be written.
// Attempts whose process died told nobody anything, and are forgotten. Those that
// were not ended in time are failures of the moment at which they had to be over,
// but of no counter that many share: a frozen machine would lock an office out. A
// time further in the future than it can have been set means that the clock was
// put back; it counts from now.
func (a *attempts) bringUpTo(now time.Time, c Counter) (changed bool) {
	if latest := now.Add(c.Lockout); a.LockedUntil.After(latest) {
		a.LockedUntil, changed = latest, true
	}
	for i, failure := range a.Failures {
		if failure.After(now) {
			a.Failures[i], changed = now, true
		}
	}
	a.Failures = slices.DeleteFunc(a.Failures, func(f time.Time) bool { return !f.After(now.Add(-c.Window)) })
	a.Pending = slices.DeleteFunc(a.Pending, func(p pendingAttempt) bool {
		if p.Owner.dead() {
			changed = true
			return true
		}
		over := !p.Until.After(now) || p.Until.After(now.Add(maxAttempt))
		if over {
			changed = true
			if at := earlier(p.Until, now); !c.Lenient && at.After(now.Add(-c.Window)) {
				a.fail(c, at)
			}
		}
		return over
	})
	return changed
}

// maxAttempt is above every login.deadline.
const maxAttempt = 11 * time.Minute

// fail counts a failure, which may be the one that locks. While there is a
// lock-out nothing is counted: it is not made longer by those who try.
func (a *attempts) fail(c Counter, now time.Time) {
	if a.locked(now) {
		return
	}
	a.Failures = append(a.Failures, now)
	if len(a.Failures) >= c.Most {
		a.Failures, a.LockedUntil = nil, now.Add(c.Lockout)
	}
}

// begin keeps no more attempts under way than there may be: a lenient counter has
// them without an end, and each login would read and write those of all others.
func (a *attempts) begin(c Counter, p pendingAttempt) {
	if len(a.Pending) < c.Most {
		a.Pending = append(a.Pending, p)
	}
}

func (a *attempts) remove(id string) (found bool) {
	before := len(a.Pending)
	a.Pending = slices.DeleteFunc(a.Pending, func(p pendingAttempt) bool { return p.ID == id })
	return len(a.Pending) < before
}

func (a *attempts) locked(now time.Time) bool { return now.Before(a.LockedUntil) }

func (a *attempts) full(c Counter) bool {
	if c.Lenient && len(a.Failures) == 0 {
		return false
	}
	return len(a.Failures)+len(a.Pending) >= c.Most
}

func (t *txn) putAttempts(c Counter, a attempts, now time.Time) error {
	expires := a.LockedUntil
	for _, f := range a.Failures {
		expires = later(expires, f.Add(c.Window))
	}
	for _, p := range a.Pending {
		expires = later(expires, p.Until.Add(c.Window)) // a failure from then on
	}
	if !expires.After(now) {
		return t.delete(bucketAttempts, attemptKey(c))
	}
	record, err := json.Marshal(a)
	if err != nil {
		return err
	}
	return t.putUntil(bucketAttempts, attemptKey(c), record, expires, now)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
