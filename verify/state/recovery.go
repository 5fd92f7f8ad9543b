package state

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"time"

	"ovpn-verify/verify/secret"
)

// PutRecoveryCodes replaces the identity's recovery codes. Spaces, dashes and the
// case of ASCII letters do not count. The codes must be random, 80 bits or more:
// they are kept as plain SHA-256, which nobody can search through at that size,
// where a slow hash would only make the check slow.
func (s *Store) PutRecoveryCodes(ctx context.Context, identity string, codes []secret.Text) error {
	var hashes []byte
	for _, code := range codes {
		h, ok := hashCode(code)
		if !ok {
			return s.unavailable(errors.New("a recovery code is too short for 80 random bits"))
		}
		hashes = append(hashes, h[:]...)
	}
	return s.do(ctx, func(t *txn) error {
		key, err := identityKey(identity)
		if err != nil {
			return err
		}
		return t.put(bucketRecovery, key, hashes)
	})
}

// SpendRecoveryCode accepts a code once: it is gone from the disk before nil is
// returned. A wrong or spent code is ErrNotFound, and counted; while limit is
// locked every code is ErrLocked.
func (s *Store) SpendRecoveryCode(ctx context.Context, identity string, code secret.Text, limit Counter, now time.Time) error {
	return s.do(ctx, func(t *txn) error {
		if err := t.checkLock(limit, now); err != nil {
			return err
		}
		err := t.spendRecoveryCode(identity, code)
		switch {
		case errors.Is(err, ErrNotFound):
			return errors.Join(err, t.count(limit, Failed, now))
		case err != nil:
			return err
		}
		return t.count(limit, Cleared, now)
	})
}

func (t *txn) spendRecoveryCode(identity string, code secret.Text) error {
	want, ok := hashCode(code)
	if !ok {
		return ErrNotFound
	}
	key, err := identityKey(identity)
	if err != nil {
		return err
	}
	hashes, err := t.get(bucketRecovery, key)
	if err != nil {
		return err
	}
	if len(hashes)%len(want) != 0 {
		return fmt.Errorf("a record among the %s is damaged", bucketRecovery)
	}
	var left []byte
	for at := 0; at < len(hashes); at += len(want) {
		if h := hashes[at : at+len(want)]; subtle.ConstantTimeCompare(h, want[:]) == 0 {
			left = append(left, h...)
		}
	}
	if len(left) == len(hashes) {
		return ErrNotFound
	}
	return t.put(bucketRecovery, key, left)
}

// minCode is the length of 80 bits in base32.
const minCode = 16

func hashCode(code secret.Text) (hash [sha256.Size]byte, ok bool) {
	b := bytes.ReplaceAll(bytes.ReplaceAll(code.Reveal(), []byte(" "), nil), []byte("-"), nil)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c - 'A' + 'a'
		}
	}
	return sha256.Sum256(b), len(b) >= minCode
}
