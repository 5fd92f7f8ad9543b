package state

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"ovpn-verify/verify/secret"
)

func enrolment(identity, seed string) Enrolment {
	return Enrolment{Identity: identity, Seed: secret.FromString(seed), Created: now}
}

func TestEnrolment(t *testing.T) {
	s := newStore(t)
	if _, err := OpenExisting(s.path, s.keyFile).Enrolment(t.Context(), "ada"); !errors.Is(err, ErrUnavailable) {
		t.Errorf("without a database: %v", err)
	}
	must(t, s.PutEnrolment(t.Context(), enrolment("eve", "another seed")))
	if _, err := s.Enrolment(t.Context(), "ada"); !errors.Is(err, ErrNotFound) {
		t.Errorf("before: %v", err)
	}
	must(t, s.RemoveEnrolment(t.Context(), "eve"))
	must(t, s.PutEnrolment(t.Context(), enrolment("Ada", "first seed")))
	if err := s.PutEnrolment(t.Context(), enrolment("ADA", "other")); !errors.Is(err, ErrExists) {
		t.Errorf("enrolled twice: %v", err)
	}
	e, err := s.Enrolment(t.Context(), "ADA")
	if err != nil || e.Identity != "Ada" || string(e.Seed.Reveal()) != "first seed" || !e.Created.Equal(now) {
		t.Errorf("got %+v, %v", e, err)
	}
	must(t, s.RemoveEnrolment(t.Context(), "ada"))
	must(t, s.PutEnrolment(t.Context(), enrolment("ada", "second seed")))
	must(t, s.PutEnrolment(t.Context(), enrolment("b\xff", "third seed")))
	if e, err := s.Enrolment(t.Context(), "ada"); err != nil || string(e.Seed.Reveal()) != "second seed" {
		t.Errorf("replaced: %v", err)
	}
	all, err := s.Enrolments(t.Context())
	if err != nil || len(all) != 2 || all[0].Identity != "ada" || all[1].Identity != "b\xff" || !all[0].Seed.Empty() {
		t.Errorf("all: %+v, %v", all, err)
	}
	must(t, s.RemoveEnrolment(t.Context(), "aDa"))
	if _, err := s.Enrolment(t.Context(), "ada"); !errors.Is(err, ErrNotFound) {
		t.Errorf("removed: %v", err)
	}
	if err := s.RemoveEnrolment(t.Context(), "ada"); !errors.Is(err, ErrNotFound) {
		t.Errorf("removed twice: %v", err)
	}
	for _, bad := range []Enrolment{enrolment("", "seed"), enrolment("ada", "")} {
		if err := s.PutEnrolment(t.Context(), bad); !errors.Is(err, ErrUnavailable) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

func TestSpentStepOutlivesTheEnrolment(t *testing.T) {
	s := newStore(t)
	must(t, s.PutEnrolment(t.Context(), enrolment("ada", "seed")))
	must(t, s.SpendStep(t.Context(), "ada", 60, Counter{}, now))
	must(t, s.RemoveEnrolment(t.Context(), "ada"))
	must(t, s.PutEnrolment(t.Context(), enrolment("ada", "seed")))
	if err := s.SpendStep(t.Context(), "ada", 60, Counter{}, now); !errors.Is(err, ErrSpent) {
		t.Errorf("after removal and new enrolment: %v", err)
	}
}

func TestSeedsAreEncrypted(t *testing.T) {
	s := newStore(t)
	must(t, s.PutEnrolment(t.Context(), enrolment("ada", "12345678901234567890")))
	b, err := os.ReadFile(s.path)
	must(t, err)
	if bytes.Contains(b, []byte("1234567890")) || bytes.Contains(b, []byte("MTIzNDU2Nzg5MDEy")) {
		t.Error("the database holds the seed")
	}
	info, err := os.Stat(s.keyFile)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("key file: %v, %v", info.Mode(), err)
	}
}

func TestLostOrWrongKeyIsNeverReplaced(t *testing.T) {
	s := newStore(t)
	must(t, s.PutEnrolment(t.Context(), enrolment("ada", "seed")))
	key, err := os.ReadFile(s.keyFile)
	must(t, err)
	for content, want := range map[string]string{
		"":                            "is missing",
		"x":                           "is damaged",
		strings.Repeat("A", 42):       "is damaged",
		strings.Repeat("A", 43):       "is damaged",
		strings.Repeat("A", 43) + "=": "cannot be decrypted",
	} {
		must(t, os.Remove(s.keyFile))
		if content != "" {
			must(t, os.WriteFile(s.keyFile, []byte(content), 0o600))
		}
		_, err := s.Enrolment(t.Context(), "ada")
		if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), want) {
			t.Errorf("key %q: %v", content, err)
		}
		if content == "" {
			if err := s.PutEnrolment(t.Context(), enrolment("bob", "seed")); !errors.Is(err, ErrUnavailable) {
				t.Errorf("put without the key: %v", err)
			}
			must(t, os.WriteFile(s.keyFile, []byte("x"), 0o600))
		}
	}
	must(t, os.WriteFile(s.keyFile, key, 0o600))
	if e, err := s.Enrolment(t.Context(), "ada"); err != nil || string(e.Seed.Reveal()) != "seed" {
		t.Errorf("with the key restored: %v", err)
	}
}

func TestRecordsCannotBeSwapped(t *testing.T) {
	s := newStore(t)
	must(t, s.PutEnrolment(t.Context(), enrolment("ada", "seed")))
	must(t, s.PutEnrolment(t.Context(), enrolment("eve", "other")))
	must(t, s.do(t.Context(), func(tx *txn) error { // with a good checksum, as somebody with the file could
		record, err := tx.get(bucketEnrolments, []byte("eve"))
		if err != nil {
			return err
		}
		return tx.put(bucketEnrolments, []byte("ada"), record)
	}))
	if _, err := s.Enrolment(t.Context(), "ada"); !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "decrypted") {
		t.Errorf("eve's seed opens ada's account: %v", err)
	}
}

func TestRecoveryCodes(t *testing.T) {
	s := newStore(t)
	code := secret.FromString
	spend := func(identity, typed string, want error) {
		t.Helper()
		if err := s.SpendRecoveryCode(t.Context(), identity, code(typed), Counter{}, now); !errors.Is(err, want) {
			t.Errorf("%s, %q: %v, want %v", identity, typed, err, want)
		}
	}
	spend("ada", "ABCDEFGHIJKLMNOP", ErrNotFound)
	must(t, s.PutRecoveryCodes(t.Context(), "Ada", []secret.Text{code("ABCD-EFGH-IJKL-MNOP"), code("2222222222222222")}))
	spend("bob", "ABCDEFGHIJKLMNOP", ErrNotFound)
	spend("ada", "", ErrNotFound)
	spend("ada", "ABCDEFGHIJKLMNOQ", ErrNotFound)
	spend("ada", "abcd efgh ijkl mnop", nil)
	spend("ada", "ABCDEFGHIJKLMNOP", ErrSpent)
	must(t, s.PutRecoveryCodes(t.Context(), "ada", []secret.Text{code("3333333333333333")}))
	spend("ada", "2222222222222222", ErrNotFound)
	must(t, s.PutEnrolment(t.Context(), enrolment("ada", "seed")))
	spend("ada", "3333333333333333", ErrNotFound)
	must(t, s.PutRecoveryCodes(t.Context(), "ada", []secret.Text{code("4444444444444444")}))
	must(t, s.RemoveEnrolment(t.Context(), "ada"))
	spend("ada", "4444444444444444", ErrNotFound)
	if err := s.PutRecoveryCodes(t.Context(), "ada", []secret.Text{code("1234567")}); err == nil {
		t.Error("a short code is kept")
	}
}
