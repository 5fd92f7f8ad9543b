package state

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"ovpn-verify/verify/secret"
)

// What the fuzzed records are about.
var (
	fuzzLimit = Counter{Kind: CountUser, Name: "ada", Most: 3, Window: time.Minute, Lockout: time.Minute}
	fuzzPlace = Place{Username: "ada", Address: netip.MustParseAddr("192.0.2.7"), Port: 50123, Daemon: "1/2"}
	fuzzField = secret.FromString("the field")
	fuzzToken = secret.FromString("the token")
	fuzzCode  = secret.FromString("ABCD-EFGH-IJKL-MNOP")
)

// fuzzKinds are all kinds of records: where one is kept, and what every answer
// about it must be like, whatever stands in it.
var fuzzKinds = []struct {
	bucket string
	key    func() []byte
	judge  func(t *testing.T, s *Store, payload []byte)
}{
	{bucketSteps, textKey("ada"), judgeStep},
	{bucketEnrolments, textKey("ada"), judgeEnrolment},
	{bucketRecovery, textKey("ada"), judgeRecovery},
	{bucketChallenges, hashKey("id"), judgeChallenge},
	{bucketAttempts, func() []byte { return attemptKey(fuzzLimit) }, judgeAttempts},
	{bucketSessions, func() []byte { return placeKey(fuzzPlace) }, judgeSession},
	{bucketTokens, hashKey("the token"), judgeToken},
	{bucketServers, hashKey("ldap://one"), judgeServer},
	{bucketMeta, textKey(keySessionsSeen), judgeSeen},
	{bucketMeta, textKey("schema"), judgeSchema},
}

// FuzzRecords gives every operation records that nobody wrote, under a right
// checksum: they answer as for what stands there, or that nothing is known.
func FuzzRecords(f *testing.F) {
	session, _ := json.Marshal(sessionRecord{Username: []byte("ada"), Identity: []byte("ada"), Address: fuzzPlace.Address, Port: 50123, Daemon: "1/2", Began: now, Expires: now.Add(time.Hour)})
	counted, _ := json.Marshal(attempts{Kind: CountUser, Name: []byte("ada"), Failures: []time.Time{now, now}, Pending: []pendingAttempt{{ID: "x", Until: now.Add(time.Second)}}})
	until := binary.BigEndian.AppendUint64(nil, uint64(now.Add(time.Hour).Unix()))
	for kind := range fuzzKinds {
		for _, payload := range [][]byte{nil, until, append(until[:8:8], session...), append(until[:8:8], counted...), make([]byte, 32), []byte("{}")} {
			f.Add(byte(kind), payload)
		}
	}
	path := filepath.Join(f.TempDir(), "state.db")
	empty := emptyDatabase(f, path)
	f.Fuzz(func(t *testing.T, n byte, payload []byte) {
		kind := fuzzKinds[int(n)%len(fuzzKinds)]
		must(t, os.WriteFile(path, empty, 0o600)) // what one input leaves must not answer the next
		s := Open(path, path+".key")
		defer s.Close()
		must(t, s.do(t.Context(), func(tx *txn) error { return tx.put(kind.bucket, kind.key(), payload) }))
		kind.judge(t, s, payload)
		if _, err := s.Check(t.Context()); err != nil && kind.bucket != bucketMeta {
			t.Errorf("the check: %v", err)
		}
	})
}

// emptyDatabase is one with a key file beside it.
func emptyDatabase(f *testing.F, path string) []byte {
	f.Helper()
	s := Open(path, path+".key")
	defer s.Close()
	err := errors.Join(
		s.PutEnrolment(f.Context(), Enrolment{Identity: "eve", Seed: secret.FromString("seed")}),
		s.RemoveEnrolment(f.Context(), "eve"))
	content, readErr := os.ReadFile(path)
	if err = errors.Join(err, readErr); err != nil {
		f.Fatal(err)
	}
	return content
}

func hashKey(text string) func() []byte {
	return func() []byte { sum := sha256.Sum256([]byte(text)); return sum[:] }
}

func textKey(name string) func() []byte { return func() []byte { return []byte(name) } }
