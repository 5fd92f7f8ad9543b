package state

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"ovpn-verify/verify/secret"
)

// known fails the test when err is neither one of the answers nor ErrUnavailable.
func known(t *testing.T, err error) {
	t.Helper()
	if err != nil && !isAnswer(err) && !errors.Is(err, ErrUnavailable) {
		t.Errorf("neither an answer nor unavailable: %v", err)
	}
}

// A step is spent only after one that can be read, and is earlier.
func judgeStep(t *testing.T, s *Store, payload []byte) {
	err := s.SpendStep(t.Context(), "Ada", 1000, Counter{}, now)
	known(t, err)
	earlier := len(payload) == 8 && binary.BigEndian.Uint64(payload) < 1000
	if (err == nil) != earlier {
		t.Errorf("after %x step 1000: %v", payload, err)
	}
	if again := s.SpendStep(t.Context(), "ada", 1000, Counter{}, now); again == nil {
		t.Errorf("step 1000 again: %v", again)
	}
}

// An enrolment that was not sealed with the key file is never one, and never
// none: that might let its user in without a code.
func judgeEnrolment(t *testing.T, s *Store, _ []byte) {
	if e, err := s.Enrolment(t.Context(), "ada"); !errors.Is(err, ErrUnavailable) || !e.Seed.Empty() {
		t.Errorf("an enrolment: %v", err)
	}
	_, err := s.Enrolments(t.Context())
	known(t, err)
	if err := s.PutEnrolment(t.Context(), Enrolment{Identity: "ADA", Seed: secret.FromString("seed")}); !errors.Is(err, ErrExists) {
		t.Errorf("enrolled over it: %v", err)
	}
}

// A recovery code is good only where its hash stands, and once.
func judgeRecovery(t *testing.T, s *Store, payload []byte) {
	hash, err := hashCodes(s.readKey, nil, []secret.Text{fuzzCode})
	must(t, err)
	there := false
	for at := 0; len(payload)%len(hash) == 0 && at < len(payload); at += len(hash) {
		there = there || bytes.Equal(payload[at:at+len(hash)], hash)
	}
	for _, want := range []bool{there, false} {
		err := s.SpendRecoveryCode(t.Context(), "ada", fuzzCode, Counter{}, now)
		known(t, err)
		if (err == nil) != want {
			t.Errorf("with %x: %v", payload, err)
		}
	}
}

// A challenge that its id does not open is none, and neither is one of another
// time than it says, or a second time.
func judgeChallenge(t *testing.T, s *Store, payload []byte) {
	if c, err := s.TakeChallenge(t.Context(), "id", now); err == nil {
		t.Errorf("what nobody sealed: %+v", c)
	}
	aead, err := gcm(challengeKey("id2"))
	must(t, err)
	sealed := aead.Seal(nil, nil, payload, place(bucketChallenges, nil))
	must(t, s.do(t.Context(), func(tx *txn) error {
		return tx.putUntil(bucketChallenges, hashKey("id2")(), sealed, now.Add(time.Minute), now)
	}))
	c, err := s.TakeChallenge(t.Context(), "id2", now)
	known(t, err)
	if err == nil && (!json.Valid(payload) || !c.Expires.After(now)) {
		t.Errorf("%q became %+v", payload, c)
	}
	if c, again := s.TakeChallenge(t.Context(), "id2", now); again == nil || err == nil && !errors.Is(again, ErrNotFound) {
		t.Errorf("twice: %+v, %v", c, again)
	}
}

// Attempts that cannot be read are no clean record; those that can are counted.
func judgeAttempts(t *testing.T, s *Store, payload []byte) {
	var a attempts
	readable := len(payload) >= expirySize && json.Unmarshal(payload[expirySize:], &a) == nil
	until := now.Add(10 * time.Second)
	began := 0
	for _, id := range []string{"1", "2", "3", "4", "5"} {
		err := s.BeginAttempt(t.Context(), id, []Counter{fuzzLimit}, now, until)
		known(t, err)
		if err == nil {
			began++
		}
	}
	if began > fuzzLimit.Most || !readable && began > 0 {
		t.Errorf("%d attempts at once with %q", began, payload)
	}
	locked := s.Locked(t.Context(), []Counter{fuzzLimit}, now)
	known(t, locked)
	if !readable && !errors.Is(locked, ErrUnavailable) {
		t.Errorf("locked with %q: %v", payload, locked)
	}
	if readable && a.LockedUntil.After(now) && locked == nil {
		t.Errorf("not locked with %q", payload)
	}
}

// A session vouches only for the field and the token that it began with.
func judgeSession(t *testing.T, s *Store, payload []byte) {
	_, how, err := s.Recognise(t.Context(), fuzzPlace, fuzzField, true, now)
	known(t, err)
	if how == Renegotiation || how == Retry || how == SamePlace && err != nil {
		t.Errorf("recognised with %q: %v, %v", payload, how, err)
	}
	must(t, s.do(t.Context(), func(tx *txn) error {
		return tx.putUntil(bucketTokens, hashKey("the token")(), placeKey(fuzzPlace), now.Add(time.Hour), now)
	}))
	if session, err := s.SessionByToken(t.Context(), fuzzToken, now); err == nil {
		t.Errorf("by a token that is not its own: %+v", session)
	}
	known(t, s.SessionUp(t.Context(), fuzzPlace, fuzzToken, now))
	known(t, s.EndSession(t.Context(), fuzzPlace, now))
}

// A token leads to a session that names it, or nowhere; so does a retry.
func judgeToken(t *testing.T, s *Store, payload []byte) {
	session := Session{Place: fuzzPlace, Identity: "ada", Began: now, Expires: now.Add(time.Hour)}
	must(t, s.PutSession(t.Context(), session, secret.FromString("another field"), time.Minute, now))
	if got, err := s.SessionByToken(t.Context(), fuzzToken, now); err == nil {
		t.Errorf("by %x: %+v", payload, got)
	}
	elsewhere := fuzzPlace
	elsewhere.Port++
	must(t, s.do(t.Context(), func(tx *txn) error {
		mac, err := s.fieldMAC(tx, elsewhere, fuzzField)
		return errors.Join(err, tx.put(bucketRetries, mac, payload))
	}))
	_, how, err := s.Recognise(t.Context(), elsewhere, fuzzField, true, now.Add(2*time.Second))
	known(t, err)
	if got, _, _ := s.Recognise(t.Context(), elsewhere, fuzzField, true, now); got != nil {
		t.Errorf("a retry by %x: %+v, %v", payload, got, how)
	}
}

// Whatever is remembered of servers ends in an error or in a time to come.
func judgeServer(t *testing.T, s *Store, payload []byte) {
	avoided, err := s.AvoidedServers(t.Context(), []string{"ldap://one", "ldap://two"}, now)
	known(t, err)
	for server, until := range avoided {
		if server != "ldap://one" || !until.After(now) {
			t.Errorf("%q is avoided until %v by %x", server, until, payload)
		}
	}
	must(t, s.AvoidServer(t.Context(), "ldap://one", now, now))
}

// When client-connect was seen last decides about retries, and about no login.
func judgeSeen(t *testing.T, s *Store, _ []byte) {
	session := Session{Place: fuzzPlace, Identity: "ada", Began: now, Expires: now.Add(time.Hour)}
	known(t, s.PutSession(t.Context(), session, fuzzField, time.Minute, now))
	known(t, s.SessionUp(t.Context(), fuzzPlace, secret.Text{}, now))
}

// A layout of another version, or of none, is not worked with.
func judgeSchema(t *testing.T, s *Store, payload []byte) {
	err := s.SpendStep(t.Context(), "ada", 1, Counter{}, now)
	known(t, err)
	ours := len(payload) == 8 && binary.BigEndian.Uint64(payload) == schemaVersion
	if err == nil && !ours && !(len(payload) == 8 && binary.BigEndian.Uint64(payload) == 1) {
		t.Errorf("schema %x: worked with", payload)
	}
}
