package state

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"ovpn-verify/verify/secret"
)

// What one login costs must not grow with the number of records:
//
//	go test ./verify/state -run '^$' -bench . -benchtime 200x -records 100,10000,1000000
var (
	benchRecords = flag.String("records", "100,10000", "with -bench: so many enrolments, steps, attempts, sessions and challenges")
	benchDirs    = flag.String("dirs", "/dev/shm,/tmp", "with -bench: folders, one on tmpfs and one on a disk")
)

// benchStores are the stores made so far; filling one takes longer than measuring it.
var benchStores = map[string]string{}

// eachStore runs measure on stores of every size in every folder.
func eachStore(b *testing.B, measure func(b *testing.B, path string, records int)) {
	for dir := range strings.SplitSeq(*benchDirs, ",") {
		for text := range strings.SplitSeq(*benchRecords, ",") {
			records, err := strconv.Atoi(text)
			if err != nil {
				b.Fatal(err)
			}
			b.Run(fmt.Sprintf("%s/%d", filepath.Base(dir), records), func(b *testing.B) {
				measure(b, storeWith(b, dir, records), records)
			})
		}
	}
}

func storeWith(b *testing.B, dir string, records int) string {
	b.Helper()
	key := dir + "/" + strconv.Itoa(records)
	if path := benchStores[key]; path != "" {
		return path
	}
	folder, err := os.MkdirTemp(dir, "ovpn-verify-bench-")
	if err != nil {
		b.Fatal(err)
	}
	atExit = append(atExit, func() { os.RemoveAll(folder) })
	path := filepath.Join(folder, "state.db")
	if err := fill(path, func(string) int { return records }); err != nil {
		b.Fatal(err)
	}
	benchStores[key] = path
	return path
}

// operations are those of one login with password and code, each of another user.
var operations = []struct {
	name string
	do   func(s *Store, i, records int) error
}{
	{"Recognise", func(s *Store, i, records int) error {
		_, _, err := s.Recognise(context.Background(), newPlace(i), aField, true, now)
		return err
	}},
	{"BeginAttempt", func(s *Store, i, records int) error {
		return s.BeginAttempt(context.Background(), "bench", benchCounters(i%records), now, now.Add(time.Minute))
	}},
	{"Enrolment", func(s *Store, i, records int) error {
		_, err := s.Enrolment(context.Background(), benchUser(i%records))
		return err
	}},
	{"SpendStep", func(s *Store, i, records int) error {
		return s.SpendStep(context.Background(), benchUser(i%records), uint64(benchStep+1+i/records), Counter{}, now)
	}},
	{"EndAttempt", func(s *Store, i, records int) error {
		counters := benchCounters(i % records)
		return s.EndAttempt(context.Background(), "bench", []Ended{{counters[0], Void}, {counters[1], Void}}, now)
	}},
	{"PutSession", func(s *Store, i, records int) error {
		session := Session{Place: newPlace(i), Identity: benchUser(i % records), Began: now, Expires: now.Add(time.Hour)}
		return s.PutSession(context.Background(), session, aField, time.Minute, now)
	}},
	{"PutChallenge", func(s *Store, i, records int) error {
		return s.PutChallenge(context.Background(), fmt.Sprintf("new %d", i), benchChallenge(i), now)
	}},
	{"TakeChallenge", func(s *Store, i, records int) error {
		_, err := s.TakeChallenge(context.Background(), fmt.Sprintf("new %d", i), now)
		return err
	}},
}

var aField = secret.New([]byte("lovelace-1815"))

// BenchmarkOperation measures in a process that has used the store before.
func BenchmarkOperation(b *testing.B) {
	done := map[string]int{} // one-time things are done once
	for _, op := range operations {
		b.Run(op.name, func(b *testing.B) {
			eachStore(b, func(b *testing.B, path string, records int) {
				s := Open(path, path+".key")
				defer s.Close()
				if _, err := s.Enrolment(context.Background(), benchUser(0)); err != nil {
					b.Fatal(err)
				}
				for b.Loop() {
					done[op.name+path]++
					if err := op.do(s, done[op.name+path], records); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}

// BenchmarkFirstOperation is what a worker does once. The second also checks the
// records that stand where the one would be that is not there.
func BenchmarkFirstOperation(b *testing.B) {
	for _, c := range []struct {
		name, identity string
		want           error
	}{{"found", benchUser(0), nil}, {"missing", "nobody", ErrNotFound}} {
		b.Run(c.name, func(b *testing.B) {
			eachStore(b, func(b *testing.B, path string, records int) {
				for b.Loop() {
					s := Open(path, path+".key")
					if _, err := s.Enrolment(context.Background(), c.identity); err != c.want {
						b.Fatal(err)
					}
					s.Close()
				}
			})
		})
	}
}
