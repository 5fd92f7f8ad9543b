package state

import (
	"errors"
	"testing"
	"time"

	"ovpn-verify/verify/secret"
)

var factor = Counter{Kind: CountFactor, Name: "Ada", Most: 3, Window: 10 * time.Minute, Lockout: 5 * time.Minute}

var recoveryCode = secret.FromString("ABCD-EFGH-IJKL-MNOP")

// Nobody is told that a code is wrong while that cannot be counted: else whoever keeps
// the state from being written could guess without end.
func TestWrongRecoveryCodeThatCannotBeCountedIsNotTold(t *testing.T) {
	s := newStore(t)
	must(t, s.PutRecoveryCodes(t.Context(), "ada", []secret.Text{recoveryCode}))
	unwritable := time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC) // JSON has no such year
	err := s.SpendRecoveryCode(t.Context(), "ada", secret.FromString("2222222222222222"), factor, unwritable)
	if errors.Is(err, ErrNotFound) || !errors.Is(err, ErrUnavailable) {
		t.Errorf("%v", err)
	}
}

// A client that repeats a recovery code makes no guess.
func TestSpentRecoveryCodeIsNotCounted(t *testing.T) {
	s := newStore(t)
	must(t, s.PutEnrolment(t.Context(), enrolment("ada", "seed"))) // makes the key file
	must(t, s.PutRecoveryCodes(t.Context(), "ada", []secret.Text{recoveryCode, secret.FromString("22222222")}))
	must(t, s.PutRecoveryCodes(t.Context(), "bob", []secret.Text{secret.FromString("3333333333333333")}))
	spend := func(identity string, code secret.Text, at time.Time) error {
		return s.SpendRecoveryCode(t.Context(), identity, code, factor, at)
	}
	must(t, spend("Ada", recoveryCode, now))
	must(t, spend("ada", secret.FromString("2222-2222"), now))
	for range 2 * factor.Most {
		for _, code := range []string{"abcdefghijklmnop", "22222222"} {
			if err := spend("ada", secret.FromString(code), now.Add(time.Hour)); !errors.Is(err, ErrSpent) {
				t.Fatalf("%q again: %v", code, err)
			}
		}
	}
	if err := spend("bob", recoveryCode, now); !errors.Is(err, ErrNotFound) {
		t.Errorf("another's: %v", err)
	}
	if err := spend("ada", recoveryCode, now.Add(spentFor+time.Second)); !errors.Is(err, ErrNotFound) {
		t.Errorf("when it is long ago: %v", err)
	}
}
