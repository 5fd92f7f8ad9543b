package file

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sync"

	"ovpn-verify/verify/primary"
	"ovpn-verify/verify/secret"
	"ovpn-verify/verify/trace"
)

// Backend checks passwords against the users file. It reads the file anew
// when it has changed.
type Backend struct {
	path   string
	hashes chan struct{} // one for each hash computed at once: each takes 19 MiB and a core

	mu    sync.Mutex
	users Users
	seen  string // the version of the file that users is from
}

// hashesAtOnce bounds memory, and leaves a processor for taking the next job
// (OpenVPN waits for that) and for those who are logged in.
const hashesAtOnce = 1

// New makes a backend; the file is read with the first login.
func New(c Config) *Backend {
	return &Backend{path: c.Path, hashes: make(chan struct{}, hashesAtOnce)}
}

// CheckPassword compares with the user's hash. For an unknown user it compares
// with a hash that nothing matches, so that both take the same time.
func (b *Backend) CheckPassword(ctx context.Context, req *primary.Request) (id primary.Identity, err error) {
	end := trace.Start(ctx, "users file", "")
	defer func() { end(err) }()
	if err := ctx.Err(); err != nil {
		return primary.Identity{}, fmt.Errorf("file: %w", err)
	}
	users, err := b.current()
	if err != nil {
		return primary.Identity{}, fmt.Errorf("file: %w", err)
	}
	hash, known := users[req.Username]
	if !known {
		hash = dummyHash
	}
	dawdle(ctx)
	leave, err := b.turn(ctx)
	if err != nil {
		return primary.Identity{}, err
	}
	defer leave()
	match, err := hash.matches(req.Password)
	switch {
	case err != nil:
		return primary.Identity{}, fmt.Errorf("file: the hash of %q in %q: %w", req.Username, b.path, err)
	case !known:
		return primary.Identity{}, fmt.Errorf("file: no user %q: %w", req.Username, primary.UnknownUser)
	case !match || req.Password.Empty() || bytes.IndexByte(req.Password.Reveal(), 0) >= 0:
		return primary.Identity{}, fmt.Errorf("file: wrong password for %q: %w", req.Username, primary.WrongPassword)
	}
	return identity(req.Username, hash), nil
}

// turn waits until a hash may be computed.
func (b *Backend) turn(ctx context.Context) (leave func(), err error) {
	select {
	case b.hashes <- struct{}{}:
		return func() { <-b.hashes }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("file: waiting for a free processor: %w", ctx.Err())
	}
}

// Pretend takes the time of a check that nothing matches.
func (b *Backend) Pretend(ctx context.Context, password secret.Text) {
	leave, err := b.turn(ctx)
	if err != nil {
		return
	}
	defer leave()
	_, _ = dummyHash.matches(password)
}

// StillThere tells whether the user is in the file, primary.ErrRefused if not.
func (b *Backend) StillThere(ctx context.Context, req *primary.Request) (id primary.Identity, err error) {
	end := trace.Start(ctx, "users file", "")
	defer func() { end(err) }()
	users, err := b.current()
	if err != nil {
		return primary.Identity{}, fmt.Errorf("file: %w", err)
	}
	hash, known := users[req.Username]
	if !known {
		return primary.Identity{}, fmt.Errorf("file: no user %q: %w", req.Username, primary.UnknownUser)
	}
	return identity(req.Username, hash), nil
}

// identity has a version that is new with each `user passwd`, and with a user who
// was removed and added again: each hash has a salt of its own.
func identity(name string, hash Hash) primary.Identity {
	sum := sha256.Sum256([]byte("ovpn-verify users file\x00" + hash))
	return primary.Identity{Name: name, Version: hex.EncodeToString(sum[:16])}
}

// current returns the users as the file has them now.
func (b *Backend) current() (Users, error) {
	b.mu.Lock() // also for the look: a disk that keeps a thousand logins waiting shall keep one thread
	defer b.mu.Unlock()
	now, err := secret.Version(b.path)
	if err != nil {
		return nil, err
	}
	if b.users != nil && b.seen == now {
		return b.users, nil
	}
	users, err := ReadUsers(b.path)
	if err != nil {
		return nil, err
	}
	b.users, b.seen = users, now
	return users, nil
}
