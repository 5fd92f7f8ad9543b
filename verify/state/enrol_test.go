package state

import (
	"errors"
	"strings"
	"testing"
	"time"

	"ovpn-verify/verify/secret"
)

func newEnrolment(identity string, codes ...string) NewEnrolment {
	e := NewEnrolment{Enrolment: enrolment(identity, "seed of "+identity)}
	for _, c := range codes {
		e.RecoveryCodes = append(e.RecoveryCodes, secret.FromString(c))
	}
	return e
}

func TestEnrolIsAllOrNothing(t *testing.T) {
	s := newStore(t)
	must(t, s.Enrol(t.Context(), []NewEnrolment{newEnrolment("ada", "aaaa-bbbb-cccc-dddd")}, false))
	for name, broken := range map[string]NewEnrolment{
		"enrolled already": newEnrolment("ADA"), "no seed": {Enrolment: Enrolment{Identity: "eve"}},
		"no name": newEnrolment(""), "a short code": newEnrolment("eve", "1234567"),
	} {
		err := s.Enrol(t.Context(), []NewEnrolment{newEnrolment("bob", "12345678"), broken}, false)
		if err == nil || name == "enrolled already" && (!errors.Is(err, ErrExists) || !strings.Contains(err.Error(), `"ADA"`)) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := s.Enrolment(t.Context(), "bob"); !errors.Is(err, ErrNotFound) {
			t.Errorf("%s: bob: %v", name, err)
		}
	}
	if err := s.SpendRecoveryCode(t.Context(), "ada", secret.FromString("aaaabbbbccccdddd"), Counter{}, now); err != nil {
		t.Errorf("ada's recovery code: %v", err)
	}
}

func TestEnrolReplacesWhenAskedTo(t *testing.T) {
	s := newStore(t)
	must(t, s.Enrol(t.Context(), []NewEnrolment{newEnrolment("ada", "aaaa-bbbb-cccc-dddd")}, false))
	must(t, s.SpendStep(t.Context(), "ada", 600, Counter{}, now))
	again := newEnrolment("Ada", "12345678", "22222222")
	again.SpentStep = 300 // earlier than what is spent: no matter
	must(t, s.Enrol(t.Context(), []NewEnrolment{again, newEnrolment("bob")}, true))
	all, err := s.Enrolments(t.Context())
	if err != nil || len(all) != 2 || all[0].Identity != "Ada" || all[0].RecoveryCodes != 2 || all[0].SpentStep != 600 ||
		!all[0].Seed.Empty() || all[1].RecoveryCodes != 0 || all[1].SpentStep != 0 {
		t.Errorf("%+v, %v", all, err)
	}
	again.SpentStep = 900
	must(t, s.Enrol(t.Context(), []NewEnrolment{again}, true))
	if err := s.SpendStep(t.Context(), "ada", 900, Counter{}, now); !errors.Is(err, ErrSpent) {
		t.Errorf("a code that was used elsewhere: %v", err)
	}
}

func TestTheFormOfCodesIsKept(t *testing.T) {
	s := newStore(t)
	if seeds, err := s.Seeds(t.Context()); err != nil || len(seeds) != 0 {
		t.Errorf("before: %v, %v", seeds, err)
	}
	want := newEnrolment("ada")
	want.Algorithm, want.Digits, want.Period = "SHA256", 8, time.Minute
	must(t, s.Enrol(t.Context(), []NewEnrolment{want, newEnrolment("bob")}, false))
	e, err := s.Enrolment(t.Context(), "ada")
	if err != nil || e.Algorithm != "SHA256" || e.Digits != 8 || e.Period != time.Minute {
		t.Errorf("%+v, %v", e, err)
	}
	seeds, err := s.Seeds(t.Context())
	if err != nil || len(seeds) != 2 || seeds[0].Digits != 8 || string(seeds[0].Seed.Reveal()) != "seed of ada" ||
		seeds[1].Digits != 0 || string(seeds[1].Seed.Reveal()) != "seed of bob" {
		t.Errorf("%+v, %v", seeds, err)
	}
}

// Codes of eight digits are hashed with the key file's key: whoever has a backup
// without it cannot try them all, nor use one user's for another.
func TestShortRecoveryCodes(t *testing.T) {
	s := newStore(t)
	must(t, s.Enrol(t.Context(), []NewEnrolment{newEnrolment("ada", "12345678"), newEnrolment("bob", "12345678")}, false))
	var records [][]byte
	must(t, s.do(t.Context(), func(tx *txn) error {
		for _, name := range []string{"ada", "bob"} {
			record, err := tx.get(bucketRecovery, []byte(name))
			if err != nil {
				return err
			}
			records = append(records, record)
		}
		return nil
	}))
	if string(records[0]) == string(records[1]) {
		t.Error("the same code is kept alike for two users")
	}
	spend := func(typed string, want error) {
		t.Helper()
		if err := s.SpendRecoveryCode(t.Context(), "ada", secret.FromString(typed), Counter{}, now); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", typed, err, want)
		}
	}
	spend("12345679", ErrNotFound)
	spend("1234567", ErrNotFound)
	spend("1234 5678", nil)
	spend("12345678", ErrSpent)
}
