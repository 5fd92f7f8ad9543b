package state

import (
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"ovpn-verify/verify/secret"
)

// A store of schema 1 had other buckets, and challenges without an expiry.
func TestUpgradeKeepsWhatLasts(t *testing.T) {
	s := newStore(t)
	must(t, s.PutEnrolment(t.Context(), Enrolment{Identity: "ada", Seed: secret.FromString("seed"), Created: now}))
	must(t, s.SpendStep(t.Context(), "ada", 60, Counter{}, now))
	must(t, s.PutEnrolment(t.Context(), Enrolment{Identity: "bob", Seed: secret.FromString("seed"), Created: now}))
	db, err := bbolt.Open(s.path, 0o600, nil)
	must(t, err)
	must(t, db.Update(func(tx *bbolt.Tx) error {
		for _, name := range []string{bucketAttempts, bucketSessions, bucketRetries, bucketTokens, bucketServers} {
			must(t, tx.DeleteBucket([]byte(name)))
		}
		old := &txn{tx: tx}
		must(t, old.delete(bucketSteps, []byte("bob")))
		_, err := tx.CreateBucket([]byte("challenge expiries"))
		must(t, err)
		must(t, old.put(bucketChallenges, []byte("key"), []byte("short")))
		return old.put(bucketMeta, []byte("schema"), binary.BigEndian.AppendUint64(nil, 1))
	}))
	must(t, db.Close())

	if err := s.SpendStep(t.Context(), "ada", 60, Counter{}, now); !errors.Is(err, ErrSpent) {
		t.Errorf("the spent step: %v", err)
	}
	e, err := s.Enrolment(t.Context(), "ada")
	if err != nil || string(e.Seed.Reveal()) != "seed" {
		t.Errorf("the enrolment: %v", err)
	}
	if n := count(t, s, bucketSteps); n != 2 {
		t.Errorf("%d users have a last step", n)
	}
	must(t, s.PutChallenge(t.Context(), "id", question, now))
	must(t, attempt(t, s, user, Failed, now))
	if n := count(t, s, bucketChallenges); n != 1 {
		t.Errorf("%d challenges", n)
	}
}

func TestAvoidedServersAreRememberedForATime(t *testing.T) {
	s := newStore(t)
	must(t, s.AvoidServer(t.Context(), "ldap://a", now.Add(time.Minute), now))
	must(t, s.AvoidServer(t.Context(), "ldap://b", now.Add(time.Minute), now))
	must(t, s.AvoidServer(t.Context(), "ldap://b", time.Time{}, now))
	again := Open(s.path, s.keyFile)
	all := []string{"ldap://a", "ldap://b", "ldap://c"}
	got, err := again.AvoidedServers(t.Context(), all, now)
	if err != nil || len(got) != 1 || !got["ldap://a"].Equal(now.Add(time.Minute)) {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := again.AvoidedServers(t.Context(), all, now.Add(time.Minute)); err != nil || len(got) != 0 {
		t.Errorf("when it is over: %v, %v", got, err)
	}
}
