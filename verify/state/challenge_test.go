package state

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"reflect"
	"testing"
	"time"

	"ovpn-verify/verify/primary"
)

var question = Challenge{
	Username: "Ada", CommonName: "laptop", Address: "192.0.2.7",
	Identity: primary.Identity{
		Name: "ada\xff", Version: "1", Groups: []string{"cn=vpn", "\xfe"},
		Attributes: map[string][]string{"totpSeed": {"JBSWY3DPEHPK3PXP", "\x80"}, "mail": {"ada@example.org"}},
	},
	Kind: "backend", BackendState: []byte{0, 1, 255}, Expires: now.Add(time.Minute), Round: 2,
}

func TestChallengeIsTakenOnce(t *testing.T) {
	s := newStore(t)
	must(t, s.PutChallenge(t.Context(), "id", question, now))
	if err := s.PutChallenge(t.Context(), "id", Challenge{Expires: now.Add(time.Hour)}, now); !errors.Is(err, ErrExists) {
		t.Errorf("the same id again: %v", err)
	}
	if _, err := s.TakeChallenge(t.Context(), "other", now); !errors.Is(err, ErrNotFound) {
		t.Errorf("unknown id: %v", err)
	}
	got, err := s.TakeChallenge(t.Context(), "id", now)
	if got.Expires.Equal(question.Expires) {
		got.Expires = question.Expires // the same moment, another pointer to a zone
	}
	if err != nil || !reflect.DeepEqual(got, question) {
		t.Errorf("got  %+v, %v\nwant %+v", got, err, question)
	}
	if _, err := s.TakeChallenge(t.Context(), "id", now); !errors.Is(err, ErrNotFound) {
		t.Errorf("the second time: %v", err)
	}
}

func TestExpiredChallengeIsGone(t *testing.T) {
	s := newStore(t)
	must(t, s.PutChallenge(t.Context(), "id", question, now))
	got, err := s.TakeChallenge(t.Context(), "id", question.Expires)
	if !errors.Is(err, ErrExpired) || got.Username != "" {
		t.Errorf("at its expiry: %+v, %v", got, err)
	}
	if _, err := s.TakeChallenge(t.Context(), "id", now); !errors.Is(err, ErrNotFound) {
		t.Errorf("after that: %v", err)
	}
	if err := s.PutChallenge(t.Context(), "late", question, question.Expires); !errors.Is(err, ErrUnavailable) {
		t.Errorf("put when expired: %v", err)
	}
}

func TestPutSweepsExpiredChallengesAndNoOthers(t *testing.T) {
	s := newStore(t)
	must(t, s.do(t.Context(), func(tx *txn) error {
		for i := range 250 {
			if err := tx.putChallenge(fmt.Sprint("old ", i), Challenge{Expires: now.Add(time.Second)}, now); err != nil {
				return err
			}
		}
		return tx.putChallenge("young", Challenge{Expires: now.Add(time.Hour)}, now)
	}))
	for i := range 300 { // each adds one and looks at those of a page
		must(t, s.PutChallenge(t.Context(), fmt.Sprint("new ", i), Challenge{Expires: now.Add(2 * time.Hour)}, now.Add(time.Minute)))
	}
	if n := count(t, s, bucketChallenges); n < 301 || n > 340 {
		t.Errorf("%d challenges are kept, 301 have not expired", n)
	}
	if _, err := s.TakeChallenge(t.Context(), "young", now.Add(time.Minute)); err != nil {
		t.Errorf("a pending one was swept: %v", err)
	}
}

func TestTheFileGivesAwayNoChallenge(t *testing.T) {
	s := newStore(t)
	must(t, s.PutChallenge(t.Context(), "Om01u7Fh4LrGBS7uh0SWmz", question, now))
	b, err := os.ReadFile(s.path)
	must(t, err)
	for _, text := range []string{"Om01u7Fh4LrGBS7uh0SWmz", "JBSWY3DP", "SkJTV1kzRFBFSFBLM1BYUA", "totpSeed", "laptop"} {
		if bytes.Contains(b, []byte(text)) {
			t.Errorf("the file holds %q", text)
		}
	}
}

func count(t *testing.T, s *Store, bucket string) int {
	t.Helper()
	n, err := ask(t.Context(), s, func(tx *txn) (n int, err error) {
		b, err := tx.bucket(bucket)
		if err != nil {
			return 0, err
		}
		err = b.ForEach(func(_, _ []byte) error { n++; return nil })
		return n, err
	})
	must(t, err)
	return n
}

// However many have expired, no operation takes away more than a page of them.
func TestNoPutPaysForAllThatHaveExpired(t *testing.T) {
	s := newStore(t)
	must(t, s.do(t.Context(), func(tx *txn) error {
		for i := range 3000 {
			if err := tx.putChallenge(fmt.Sprint("old ", i), Challenge{Expires: now.Add(time.Second)}, now); err != nil {
				return err
			}
		}
		return nil
	}))
	for i, before := 0, 3000; i < 20; i++ {
		must(t, s.PutChallenge(t.Context(), fmt.Sprint("new ", i), Challenge{Expires: now.Add(2 * time.Hour)}, now.Add(time.Minute)))
		after := count(t, s, bucketChallenges)
		if gone := before + 1 - after; gone > 30 {
			t.Errorf("%d of %d went at once", gone, before)
		}
		before = after
	}
	if n := count(t, s, bucketChallenges); n > 3000 {
		t.Errorf("%d are kept", n)
	}
}
