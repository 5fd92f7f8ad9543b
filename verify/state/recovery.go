package state

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
	"time"

	"ovpn-verify/verify/secret"
)

// PutRecoveryCodes replaces the identity's recovery codes, which must be random.
// Spaces, dashes and the case of ASCII letters do not count.
func (s *Store) PutRecoveryCodes(ctx context.Context, identity string, codes []secret.Text) error {
	return s.do(ctx, func(t *txn) error {
		key, err := identityKey(identity)
		if err != nil {
			return err
		}
		hashes, err := hashCodes(s.readKey, key, codes)
		if err != nil {
			return err
		}
		return t.put(bucketRecovery, key, hashes)
	})
}

// spentFor is how long a recovery code is known to have been spent: a client may
// repeat what let it in.
const spentFor = 24 * time.Hour

// SpendRecoveryCode accepts a code once: it is gone from the disk before nil is
// returned. One that was spent within spentFor is ErrSpent, any other that is not
// among the identity's ErrNotFound, and counted; while limit is locked every code is
// ErrLocked.
func (s *Store) SpendRecoveryCode(ctx context.Context, identity string, code secret.Text, limit Counter, now time.Time) error {
	return s.do(ctx, func(t *txn) error {
		if err := t.checkLock(limit, now); err != nil {
			return err
		}
		err := s.takeRecoveryCode(t, identity, code, now)
		switch {
		case errors.Is(err, ErrNotFound):
			// Not both: joined they would count as an answer.
			if failure := t.count(limit, Failed, now); failure != nil {
				return failure
			}
			return err
		case err != nil:
			return err
		}
		return t.count(limit, Cleared, now)
	})
}

func (s *Store) takeRecoveryCode(t *txn, identity string, code secret.Text, now time.Time) error {
	key, err := identityKey(identity)
	if err != nil {
		return err
	}
	hashes, err := t.get(bucketRecovery, key)
	if err != nil {
		return err
	}
	if len(hashes)%sha256.Size != 0 {
		return fmt.Errorf("a record among the %s is damaged", bucketRecovery)
	}
	if hashes == nil || len(plainCode(code)) < minCode {
		return ErrNotFound
	}
	want, err := hashCodes(s.readKey, key, []secret.Text{code})
	if err != nil {
		return err
	}
	var left []byte
	for h := range slices.Chunk(hashes, sha256.Size) {
		if subtle.ConstantTimeCompare(h, want) == 0 {
			left = append(left, h...)
		}
	}
	spent := spentKey(key, want)
	if len(left) == len(hashes) {
		before, err := t.getUntil(bucketRetries, spent, now)
		if err == nil && before == nil {
			err = ErrNotFound
		}
		return cmp.Or(err, ErrSpent)
	}
	return errors.Join(
		t.put(bucketRecovery, key, left),
		t.putUntil(bucketRetries, spent, nil, now.Add(spentFor), now))
}

// spentKey is a code's that was spent, among what may be repeated.
func spentKey(identity, hash []byte) []byte {
	key := sha256.Sum256(joined(nil, []byte("recovery code"), identity, hash))
	return key[:]
}

const (
	minCode  = 8  // what other programs give out: eight digits
	longCode = 16 // the length of 80 bits in base32
)

// hashCodes returns one hash after the other. Codes of 80 random bits are kept as
// plain SHA-256, which nobody can search through at that size, where a slow hash
// would only make the check slow. All codes of eight digits are tried in a moment:
// shorter ones are hashed with the key file's key, without which they stay secret.
func hashCodes(key func() ([]byte, error), identity []byte, codes []secret.Text) (hashes []byte, err error) {
	for _, code := range codes {
		plain := plainCode(code)
		switch {
		case len(plain) < minCode:
			return nil, fmt.Errorf("a recovery code is shorter than %d characters", minCode)
		case len(plain) < longCode:
			fileKey, err := key()
			if err != nil {
				return nil, err
			}
			keyed := hmac.New(sha256.New, fileKey)
			keyed.Write(place(bucketRecovery, identity))
			keyed.Write(append([]byte{0}, plain...))
			hashes = keyed.Sum(hashes)
		default:
			h := sha256.Sum256(plain)
			hashes = append(hashes, h[:]...)
		}
	}
	return hashes, nil
}

// plainCode is what counts of a code.
func plainCode(code secret.Text) []byte {
	b := bytes.ReplaceAll(bytes.ReplaceAll(code.Reveal(), []byte(" "), nil), []byte("-"), nil)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c - 'A' + 'a'
		}
	}
	return b
}
