package state

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"ovpn-verify/verify/secret"
)

// stocked is a store with something in every bucket.
func stocked(t *testing.T) *Store {
	t.Helper()
	s, _ := filled(t)
	must(t, s.PutEnrolment(t.Context(), enrolment("Böb", "seed")))
	must(t, s.PutRecoveryCodes(t.Context(), "ada", []secret.Text{secret.FromString("abcd-efgh-ijkl-mnop")}))
	for i := range 3 {
		must(t, s.PutChallenge(t.Context(), fmt.Sprint("id ", i), question, now))
	}
	return s
}

func TestCheckOfAGoodStore(t *testing.T) {
	s := stocked(t)
	before, err := os.Stat(s.path)
	must(t, err)
	r, err := s.Check(t.Context())
	if err != nil || len(r.Faults) != 0 || r.Schema != schemaVersion || r.Size != before.Size() || len(r.Buckets) != len(buckets) {
		t.Fatalf("%+v, %v", r, err)
	}
	want := map[string]int{bucketMeta: 1, bucketChallenges: 3, bucketSteps: 302, bucketEnrolments: 2, bucketRecovery: 1}
	for _, c := range r.Buckets {
		if n, known := want[c.Bucket]; known && n != c.Records {
			t.Errorf("%s: %d records, want %d", c.Bucket, c.Records, n)
		}
	}
	if after, err := os.Stat(s.path); err != nil || !after.ModTime().Equal(before.ModTime()) {
		t.Errorf("the file was written to: %v, %v", after, err)
	}
}

// damages are such as bbolt does not see, with the words that name each.
var damages = map[string]struct {
	harm func(*txn) error
	want []string
}{
	"a record was changed":  {raw(bucketSteps, "user 7", "not a record"), []string{`record "user 7" among the spent steps is damaged`}},
	"a record is uncounted": {raw(bucketSteps, "zoe", sealed(bucketSteps, "zoe", make([]byte, 8))), []string{"303 of the 302 spent steps can be found"}},
	"a record has an odd size": {func(x *txn) error { return x.put(bucketSteps, []byte("zoe"), []byte{1, 2, 3}) },
		[]string{`record "zoe" among the spent steps is none: 3 bytes`}},
	"a recovery code was cut": {func(x *txn) error { return x.put(bucketRecovery, []byte("zoe"), []byte{1}) },
		[]string{`record "zoe" among the recovery codes is none: 1 bytes`}},
	"a session never ends": {func(x *txn) error { return x.put(bucketSessions, []byte("place"), make([]byte, 8)) },
		[]string{`record "place" among the sessions is none: 8 bytes`}},
	"a challenge is too short": {func(x *txn) error { return x.put(bucketChallenges, []byte("id"), []byte("1234567")) },
		[]string{`record "id" among the challenges is none: 7 bytes`}},
	"a record is hidden": {func(x *txn) error {
		x.dirty = true
		return x.bolt().Bucket([]byte(bucketSteps)).SetSequence(305)
	}, []string{"302 of the 305 spent steps can be found"}},
	"an enrolment is another's": {func(x *txn) error {
		record, err := x.get(bucketEnrolments, []byte("ada"))
		return errors.Join(err, x.put(bucketEnrolments, []byte("eve"), record))
	}, []string{`the enrolment of "ada" is kept under "eve"`, `the enrolment of "eve" cannot be decrypted`}},
	"an enrolment is no JSON": {func(x *txn) error { return x.put(bucketEnrolments, []byte("eve"), []byte("{")) },
		[]string{`"eve": an enrolment cannot be read`}},
	"a bucket is missing": {func(x *txn) error {
		x.dirty = true
		return x.bolt().DeleteBucket([]byte(bucketRecovery))
	}, []string{`bucket "recovery codes" is missing`}},
	"a bucket is foreign": {func(x *txn) error {
		x.dirty = true
		_, err := x.bolt().CreateBucket([]byte("guests"))
		return err
	}, []string{`bucket "guests" is none of this program's`}},
}

// raw writes around put.
func raw(bucket, key, value string) func(*txn) error {
	return func(x *txn) error {
		x.dirty = true
		return x.bolt().Bucket([]byte(bucket)).Put([]byte(key), []byte(value))
	}
}

func TestCheckNamesEveryFault(t *testing.T) {
	for name, c := range damages {
		t.Run(name, func(t *testing.T) {
			s := stocked(t)
			must(t, s.do(t.Context(), c.harm))
			expectFaults(t, s, c.want)
		})
	}
}

func expectFaults(t *testing.T, s *Store, want []string) {
	t.Helper()
	r, err := s.Check(t.Context())
	if err != nil || len(r.Faults) != len(want) {
		t.Fatalf("faults %q, %v", r.Faults, err)
	}
	for i, f := range r.Faults {
		if !strings.Contains(f.Error(), want[i]) {
			t.Errorf("fault %q, want %q", f, want[i])
		}
	}
}

func TestCheckOfTheKeyFile(t *testing.T) {
	s := stocked(t)
	key, err := os.ReadFile(s.keyFile)
	must(t, err)
	must(t, os.WriteFile(s.keyFile, []byte("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"), 0o600))
	expectFaults(t, s, []string{`the enrolment of "ada" cannot be decrypted`, `the enrolment of "böb" cannot be decrypted`})
	must(t, os.WriteFile(s.keyFile, key, 0o644))
	must(t, os.Chmod(s.keyFile, 0o644))
	expectFaults(t, s, []string{"chmod 0640"})
	must(t, os.Remove(s.keyFile))
	expectFaults(t, s, []string{"is missing"})

	none := newStore(t)
	must(t, none.SpendStep(t.Context(), "ada", 1, Counter{}, now))
	expectFaults(t, none, nil) // nobody is enrolled, there need be no key
	must(t, os.WriteFile(none.keyFile, []byte("AAAA\n"), 0o600))
	expectFaults(t, none, []string{"is damaged"})
}

func TestCheckMakesNoDatabase(t *testing.T) {
	s := newStore(t)
	if _, err := s.Check(t.Context()); !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "there is no database yet") {
		t.Errorf("none: %v", err)
	}
	must(t, os.WriteFile(s.keyFile, []byte("AAAA\n"), 0o600))
	if _, err := s.Check(t.Context()); !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "its key file") {
		t.Errorf("none, with a key: %v", err)
	}
	if files, err := os.ReadDir(filepath.Dir(s.path)); err != nil || len(files) != 1 {
		t.Errorf("made: %v, %v", files, err)
	}
}

// A flipped bit anywhere is found, unless it hit what nobody reads.
func TestCheckFindsWhatAnOperationWouldStumbleOver(t *testing.T) {
	s, good := filled(t)
	found := 0
	for at := 0; at < len(good); at += 997 {
		bad := append([]byte{}, good...)
		bad[at] ^= byte(1 << (at & 7))
		must(t, os.WriteFile(s.path, bad, 0o600))
		r, err := s.Check(t.Context())
		if err != nil || len(r.Faults) > 0 {
			found++
			continue
		}
		for i := 0; i < 300; i += 23 {
			if err := s.SpendStep(t.Context(), fmt.Sprintf("user %d", i), 60, Counter{}, now); !errors.Is(err, ErrSpent) {
				t.Errorf("byte %d: fine, but user %d gets %v", at, i, err)
			}
		}
	}
	if found == 0 {
		t.Error("no damage was found")
	}
}

func TestReportOfManyFaultsIsShort(t *testing.T) {
	s := stocked(t)
	must(t, s.do(t.Context(), func(x *txn) error {
		x.dirty = true
		for i := range 30 {
			if err := x.bolt().Bucket([]byte(bucketSteps)).Put(fmt.Appendf(nil, "user %d", i), binary.BigEndian.AppendUint64(nil, 1)); err != nil {
				return err
			}
		}
		return nil
	}))
	r, err := s.Check(t.Context())
	if err != nil || len(r.Faults) != maxFaults+1 || r.Faults[maxFaults].Error() != "and 10 more" {
		t.Errorf("%q, %v", r.Faults, err)
	}
}

func TestRootsCheckLeavesOwnerAndMode(t *testing.T) {
	s := stocked(t)
	if os.Geteuid() == 0 {
		for _, path := range []string{filepath.Dir(s.path), s.path, s.keyFile} {
			must(t, os.Chown(path, 65534, 65534))
		}
	}
	before := ownerAndMode(t, s.path)
	expectFaults(t, s, nil)
	must(t, s.Backup(t.Context(), filepath.Join(t.TempDir(), "copy")))
	if after := ownerAndMode(t, s.path); after != before {
		t.Errorf("%s, was %s", after, before)
	}
	if files, err := os.ReadDir(filepath.Dir(s.path)); err != nil || len(files) != 2 {
		t.Errorf("left behind: %v, %v", files, err)
	}
}

func ownerAndMode(t *testing.T, path string) string {
	t.Helper()
	info, err := os.Stat(path)
	must(t, err)
	owner := info.Sys().(*syscall.Stat_t)
	return fmt.Sprint(owner.Uid, ":", owner.Gid, " ", info.Mode())
}

// sealed is a record as put writes it.
func sealed(bucket, key string, payload []byte) string {
	sum := checksum(bucket, []byte(key), payload)
	return string(sum[:]) + string(payload)
}
