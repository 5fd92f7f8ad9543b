package state

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"ovpn-verify/verify/secret"
)

const benchStep = 1000

// atExit takes away what outlives a benchmark.
var atExit []func()

func benchUser(i int) string { return fmt.Sprintf("user%07d", i) }

func benchPlace(i int) Place {
	return Place{Username: benchUser(i), Address: netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), Port: 1194, Daemon: "1"}
}

// newPlace is one that fill has not used.
func newPlace(i int) Place {
	p := benchPlace(i)
	p.Daemon = "2"
	return p
}

func benchCounters(i int) []Counter {
	limit := Counter{Most: 1000, Window: time.Hour, Lockout: time.Hour}
	user, address := limit, limit
	user.Kind, user.Name = CountUser, benchUser(i)
	address.Kind, address.Name, address.Lenient = CountAddress, benchPlace(i).Address.String(), true
	return []Counter{user, address}
}

func benchChallenge(i int) Challenge {
	return Challenge{Username: benchUser(i), Kind: "totp", Expires: now.Add(time.Hour)}
}

type keyed struct{ key, payload []byte }

// fill makes a store by the store's own records, in a few large transactions.
func fill(path string, records func(bucket string) int) error {
	s := Open(path, path+".key")
	defer s.Close()
	seed := secret.New(bytes.Repeat([]byte{7}, 20))
	if err := s.PutEnrolment(context.Background(), Enrolment{Identity: "first", Seed: seed, Created: now}); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	o := options(f)
	o.NoSync = true
	db, err := bbolt.Open(path, 0o600, o)
	if err != nil {
		return err
	}
	for bucket, record := range map[string]func(i int) (keyed, error){
		bucketEnrolments: s.benchEnrolment, bucketSteps: stepRecord,
		bucketAttempts: attemptRecord, bucketSessions: benchSession, bucketChallenges: challengeRecordOf,
	} {
		if err := fillBucket(db, bucket, records(bucket), record); err != nil {
			return errors.Join(err, db.Close())
		}
	}
	return errors.Join(db.Sync(), db.Close())
}

func fillBucket(db *bbolt.DB, bucket string, records int, record func(i int) (keyed, error)) error {
	all := []keyed{}
	for i := range records {
		k, err := record(i)
		if err != nil {
			return err
		}
		all = append(all, k)
	}
	slices.SortFunc(all, func(a, b keyed) int { return bytes.Compare(a.key, b.key) })
	for chunk := range slices.Chunk(all, 20_000) {
		err := db.Update(func(tx *bbolt.Tx) error {
			t := &txn{tx: tx}
			for _, k := range chunk {
				if err := t.put(bucket, k.key, k.payload); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func stamped(payload []byte) []byte {
	return append(binary.BigEndian.AppendUint64(nil, uint64(now.Add(time.Hour).Unix())), payload...)
}

func (s *Store) benchEnrolment(i int) (keyed, error) {
	key := []byte(benchUser(i))
	aead, err := s.encryption()
	if err != nil {
		return keyed{}, err
	}
	payload, err := json.Marshal(enrolmentRecord{Identity: key, Created: now,
		Seed: aead.Seal(nil, nil, bytes.Repeat([]byte{7}, 20), place(bucketEnrolments, key))})
	return keyed{key, payload}, err
}

func stepRecord(i int) (keyed, error) {
	return keyed{[]byte(benchUser(i)), binary.BigEndian.AppendUint64(nil, benchStep)}, nil
}

func attemptRecord(i int) (keyed, error) {
	c := benchCounters(i)[0]
	payload, err := json.Marshal(attempts{Kind: c.Kind, Name: []byte(c.Name), Failures: []time.Time{now}})
	return keyed{attemptKey(c), stamped(payload)}, err
}

func benchSession(i int) (keyed, error) {
	p := benchPlace(i)
	payload, err := json.Marshal(sessionRecord{Username: []byte(p.Username), Identity: []byte(p.Username), Address: p.Address,
		Port: p.Port, Daemon: p.Daemon, Began: now, Expires: now.Add(time.Hour), Put: now, Field: attemptKey(Counter{})})
	return keyed{placeKey(p), stamped(payload)}, err
}

func challengeRecordOf(i int) (keyed, error) {
	id := fmt.Sprintf("old %d", i)
	payload, err := encodeChallenge(id, benchChallenge(i))
	key := sha256.Sum256([]byte(id))
	return keyed{key[:], stamped(payload)}, err
}
