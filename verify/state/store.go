// Package state keeps what must outlive a worker: pending challenges, spent
// codes, enrolments, recovery codes. Every one-time thing is a single operation
// ("spend", "take") that has been written to disk before it says yes, in one
// transaction, whatever number of processes and goroutines try it at once.
//
// It refuses rather than guesses: a file that is damaged, lost, too new, open to
// others or busy past the deadline is an error that wraps ErrUnavailable, and
// the caller must then refuse the login. It never replaces a store.
package state

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// The answers of operations. Every other error wraps ErrUnavailable.
var (
	ErrNotFound = errors.New("not found in the state")
	ErrExpired  = errors.New("expired")
	ErrSpent    = errors.New("spent before")
	ErrExists   = errors.New("exists already")
)

// ErrUnavailable means that nothing is known: refuse, and do not count it
// against the user.
var ErrUnavailable = errors.New("state unavailable")

// ErrUnknown wraps ErrUnavailable: it was being written when the time was over, and may
// be there or not. To repeat what is good once may be refused.
var ErrUnknown = fmt.Errorf("%w: whether it was written is not known", ErrUnavailable)

// ErrNoFolder wraps ErrUnavailable: there never was a database, nor a place for it.
var ErrNoFolder = fmt.Errorf("%w: no folder for it", ErrUnavailable)

// maxWait is how long an operation waits for other processes when its context
// sets no earlier deadline.
const maxWait = 5 * time.Second

// Store is safe for concurrent use. Between operations it holds no lock, so that other
// workers and commands get in. The file stays open for a second, its pages mapped.
type Store struct {
	path, keyFile string
	mustExist     bool

	mu      sync.Mutex
	queue   []*call
	leading bool
	closed  bool
	leaders sync.WaitGroup
	idle    *time.Timer // calls rest; nil while the file was never left open

	kept   kept   // owned by the leader
	broken broken // owned by the leader

	gatherUntil time.Time // owned by the leader: see gatherForEach

	noticed bool // owned by the leader: see noticeOnce
}

// Open names the database and the file with the key that encrypts seeds. Nothing
// is read: both are made when an operation needs them, in folders that exist.
func Open(path, keyFile string) *Store {
	return &Store{path: path, keyFile: keyFile}
}

// OpenExisting is Open for those to whom a missing database is not an empty one:
// where users without a second factor are let in, a folder that is not mounted
// must not make everybody one.
func OpenExisting(path, keyFile string) *Store {
	return &Store{path: path, keyFile: keyFile, mustExist: true}
}

// Close waits for what is being written; later operations fail.
func (s *Store) Close() {
	s.mu.Lock()
	s.closed = true
	if s.idle != nil {
		s.idle.Stop()
	}
	s.mu.Unlock()
	s.leaders.Wait()
	s.kept.close()
}

// Key is what everything about a user is kept under: the identity in lower case,
// since directories take Ada, ada and ADA for one user, and a code spent or a
// failure counted for one of them must count for all. A name that is not UTF-8
// stays as it is, because ToLower would make one of several.
func Key(identity string) string {
	if !utf8.ValidString(identity) {
		return identity
	}
	return strings.ToLower(identity)
}

// identityKey refuses names that bbolt cannot keep, so that they are not taken
// for users of whom nothing is known.
func identityKey(identity string) ([]byte, error) {
	if identity == "" || len(identity) > maxIdentity {
		return nil, fmt.Errorf("identity has %d bytes, allowed are 1 to %d", len(identity), maxIdentity)
	}
	return []byte(Key(identity)), nil
}

const maxIdentity = 4096 // bytes; lower case may be longer, bbolt takes 32,768

// do runs an operation that has no result but its error.
func (s *Store) do(ctx context.Context, op func(*txn) error) error {
	return s.doOrUndo(ctx, op, nil)
}

func (s *Store) doOrUndo(ctx context.Context, op, undo func(*txn) error) error {
	_, err := askOrUndo(ctx, s, func(t *txn) (struct{}, error) { return struct{}{}, op(t) }, undo)
	return err
}
