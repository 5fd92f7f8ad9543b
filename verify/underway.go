package verify

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"slices"
	"sync"
	"time"

	"ovpn-verify/verify/primary"
	"ovpn-verify/verify/state"
)

// underWay lets logins that are alike to the last byte and come at the same
// moment count as one attempt: together they are one guess, which is made once
// when it is wrong, and a client that logs in a hundred times at once need not wait
// for itself.
type underWay struct {
	mu       sync.Mutex
	attempts map[[sha256.Size]byte]*sharedAttempt
}

type sharedAttempt struct {
	key   [sha256.Size]byte
	id    string
	began time.Time
	ready chan struct{} // closed when err is set
	err   error         // of beginning it

	decided chan struct{} // closed when the first login is, and its failure counted
	refusal *refused      // what became of the first login's; nil: it was not refused

	logins, joined int // in it now, and ever
	ended          []endedShared

	settling   sync.Mutex // held while what is due is written, so that nobody is told before
	notCounted error      // why that failed; under settling
}

type endedShared struct {
	state.Ended
	settled bool
}

// refused is what those are told who follow, and what their records have.
type refused struct {
	err           error // no refusal any more when it could not be counted
	stage, factor string
	identity      primary.Identity
	guessed       bool
}

// joinWithin bounds how long an attempt can go on by others joining it.
const joinWithin = time.Second

// sharedKey covers all that a decision depends on.
func (l *Login) sharedKey() [sha256.Size]byte {
	return sha256.Sum256(fmt.Appendf(nil, "%q %q %q %t %q", l.Username, l.CommonName, l.ClientIP, l.CanChallenge, l.Password.Reveal()))
}

// join returns the attempt that is under way, or begins it. Whatever it returns,
// leave must follow.
func (u *underWay) join(ctx context.Context, key [sha256.Size]byte, begin func(id string) error) (s *sharedAttempt, first bool, err error) {
	s, first = u.enter(key)
	if first {
		s.err = begin(s.id)
		close(s.ready)
	}
	return s, first, s.begun(ctx)
}

// follow checks a login that is not the first unless that one was refused: a
// directory that counts by itself hears a wrong password once. It waits until the
// refusal is counted, since it is told of the same one.
func (s *sharedAttempt) follow(ctx context.Context, check func() error) (*refused, error) {
	select {
	case <-s.decided:
	case <-ctx.Done():
		return nil, tooBusy(ctx, "the same login that came just before")
	}
	if s.refusal != nil {
		return s.refusal, s.refusal.err
	}
	return nil, check()
}

// begun waits until the attempt was begun, or could not be.
func (s *sharedAttempt) begun(ctx context.Context) error {
	select {
	case <-s.ready:
		return s.err
	case <-ctx.Done():
	}
	select {
	case <-s.ready: // at the same moment: somebody has to end it
		return s.err
	default:
		return ctx.Err()
	}
}

func (u *underWay) enter(key [sha256.Size]byte) (s *sharedAttempt, first bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	s = u.attempts[key]
	if s == nil || time.Since(s.began) > joinWithin {
		first = true
		s = &sharedAttempt{key: key, id: rand.Text(), began: time.Now(), ready: make(chan struct{}), decided: make(chan struct{})}
		u.attempts[key] = s
	}
	s.logins++
	s.joined++
	return s, first
}

// alone ends an attempt that has one login and never had another, for which leave
// need not be called then.
func (u *underWay) alone(s *sharedAttempt) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if s.joined > 1 {
		return false
	}
	if u.attempts[s.key] == s {
		delete(u.attempts, s.key)
	}
	return true
}

// leave adds what became of one login, and returns what is due to be written:
// failures at once, since this login is told of them now, and everything else
// with the last login.
func (u *underWay) leave(s *sharedAttempt, ended []state.Ended) (due []state.Ended, last bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, e := range ended {
		s.add(e)
	}
	s.logins--
	if s.logins == 0 && u.attempts[s.key] == s {
		delete(u.attempts, s.key)
	}
	for _, e := range s.ended {
		if !e.settled && (s.logins == 0 || e.Outcome == state.Failed) {
			due = append(due, e.Ended)
		}
	}
	return due, s.logins == 0
}

// settled is called once what was due has been written.
func (u *underWay) settled(s *sharedAttempt, due []state.Ended) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for i := range s.ended {
		s.ended[i].settled = s.ended[i].settled || slices.Contains(due, s.ended[i].Ended)
	}
}

// add lets a failure outweigh everything, and success a question or an outage.
func (s *sharedAttempt) add(e state.Ended) {
	for i, other := range s.ended {
		if other.Counter != e.Counter {
			continue
		}
		if other.Outcome != state.Failed && (e.Outcome == state.Failed || e.Outcome == state.Cleared) {
			s.ended[i].Outcome = e.Outcome
		}
		return
	}
	s.ended = append(s.ended, endedShared{Ended: e})
}
