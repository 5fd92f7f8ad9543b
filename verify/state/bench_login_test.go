package state

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

var benchDone atomic.Uint64 // logins, each with a code of its own

// benchLogin is all that a login with password and code asks of the store.
func benchLogin(s *Store, i int) error {
	ctx, id := context.Background(), fmt.Sprint("login ", benchDone.Add(1))
	place := newPlace(i)
	place.Port = uint16(rand.Uint32())
	_, _, err := s.Recognise(ctx, place, aField, true, now)
	if err != nil {
		return err
	}
	counters := benchCounters(i)
	if err := s.BeginAttempt(ctx, id, counters, now, now.Add(time.Minute)); err != nil {
		return err
	}
	factor := counters[0]
	factor.Kind = CountFactor
	if err := s.Locked(ctx, []Counter{factor}, now); err != nil {
		return err
	}
	e, err := s.Enrolment(ctx, benchUser(i))
	if err != nil {
		return err
	}
	_, err = s.Conclude(ctx, Conclusion{
		Spend:   &Spend{benchUser(i), e.LastStep + 1, factor},
		Attempt: id, Ended: []Ended{{counters[0], Void}, {counters[1], Void}},
		Begin: &Beginning{Session{Place: place, Identity: benchUser(i), Began: now, Expires: now.Add(time.Hour)}, aField, time.Minute},
	}, now)
	return err
}

// benchQuestion is a login that ends in a question, and the one that answers it.
func benchQuestion(s *Store, i int) error {
	ctx, id := context.Background(), fmt.Sprint("question ", benchDone.Add(1))
	counters := benchCounters(i)
	if err := s.BeginAttempt(ctx, id, counters, now, now.Add(time.Minute)); err != nil {
		return err
	}
	_, err := s.Conclude(ctx, Conclusion{Ask: &Asked{id, benchChallenge(i)}, Attempt: id, Ended: []Ended{{counters[0], Void}, {counters[1], Void}}}, now)
	if err != nil {
		return err
	}
	taken, err := s.BeginAnswer(ctx, id, counters, id, now, now.Add(time.Minute))
	if err = errors.Join(err, taken.Err); err != nil {
		return err
	}
	e, err := s.Enrolment(ctx, benchUser(i))
	if err != nil {
		return err
	}
	_, err = s.Conclude(ctx, Conclusion{Spend: &Spend{benchUser(i), e.LastStep + 1, Counter{}},
		Attempt: id, Ended: []Ended{{counters[0], Cleared}, {counters[1], Void}}}, now)
	return err
}

func firstLook(s *Store, i int) error {
	_, err := s.Enrolment(context.Background(), benchUser(i))
	return err
}

// atOnce makes so many logins at once, and returns when the last is through.
func atOnce(logins int, s *Store, i, records int) error {
	errs := make([]error, logins)
	var wg sync.WaitGroup
	for n := range logins {
		wg.Go(func() { errs[n] = benchLogin(s, (i+n)%records) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// diskAlone is what the disk takes for two transactions, without a database: the
// pages and then the meta page of each are written and waited for.
func diskAlone(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	for range 2 {
		for _, pages := range []int64{8, 1} {
			_, err := f.WriteAt(make([]byte, pages*pageSize), rand.Int64N(100)*pageSize)
			if err = errors.Join(err, syscall.Fdatasync(int(f.Fd()))); err != nil {
				return err
			}
		}
	}
	return nil
}
