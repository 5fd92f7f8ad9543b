package turns

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

const (
	fewAtOnce = 64
	patience  = 50 * time.Millisecond
)

// occupied are the turns of which so many are taken for an hour.
func occupied(t *testing.T, turns *Turns, count int) (leave []func()) {
	t.Helper()
	for range count {
		l, _, err := turns.Take(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		leave = append(leave, l)
	}
	return leave
}

func TestTurnsAreServedInOrder(t *testing.T) {
	for most, before := range map[int]int{1: 1, 8: 8, fewAtOnce + 10: fewAtOnce + 10} {
		synctest.Test(t, func(t *testing.T) {
			turns := New(fewAtOnce, most, patience)
			leave := occupied(t, turns, before)
			var order []int
			for i := range 100 {
				go func() {
					leave, waited, err := turns.Take(t.Context())
					if err != nil || !waited {
						t.Errorf("waited %t, %v", waited, err)
						return
					}
					order = append(order, i)
					leave()
				}()
				synctest.Wait() // this one waits before the next one comes
			}
			leave[0]()
			synctest.Wait()
			time.Sleep(200 * patience)
			if len(order) != 100 || !slices.IsSorted(order) {
				t.Errorf("of %d places: %v", most, order)
			}
		})
	}
}

// Few ask a backend that answers at once, as many as are allowed one that does not.
func TestASlowBackendIsAskedByMore(t *testing.T) {
	for takes, want := range map[time.Duration]int{time.Millisecond: fewAtOnce, 2 * time.Second: 500} {
		synctest.Test(t, func(t *testing.T) {
			turns := New(fewAtOnce, 500, patience)
			var mu sync.Mutex
			asking, most := 0, 0
			began := time.Now()
			var last time.Duration
			count := func(change int) {
				mu.Lock()
				defer mu.Unlock()
				asking += change
				most, last = max(most, asking), time.Since(began)
			}
			for range 600 {
				go func() {
					leave, _, err := turns.Take(t.Context())
					if err != nil {
						t.Error(err)
						return
					}
					count(1)
					time.Sleep(takes)
					count(-1)
					leave()
				}()
				synctest.Wait()
			}
			time.Sleep(10 * time.Second)
			mu.Lock()
			defer mu.Unlock()
			if most != want || last > 2*takes+3*patience {
				t.Errorf("with a backend that takes %v %d asked at once, want %d; the last was through after %v", takes, most, want, last)
			}
		})
	}
}

// Whoever gives up leaves no place taken.
func TestWaitingForATurnEnds(t *testing.T) {
	for _, most := range []int{1, fewAtOnce + 1} {
		synctest.Test(t, func(t *testing.T) {
			turns := New(fewAtOnce, most, patience)
			leave := occupied(t, turns, min(most, fewAtOnce))
			ctx, cancel := context.WithTimeout(t.Context(), patience/2)
			defer cancel()
			if _, _, err := turns.Take(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%v", err)
			}
			for _, l := range leave {
				l()
			}
			if len(turns.all) != 0 || len(turns.few) != 0 {
				t.Errorf("%d and %d places are taken", len(turns.all), len(turns.few))
			}
		})
	}
}

// The first who find the few places taken wait to see whether that changes; who comes
// when nothing has changed for as long does not.
func TestNobodyWaitsWhereOthersHaveInVain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turns := New(fewAtOnce, 500, patience)
		leave := occupied(t, turns, fewAtOnce)
		took := func() time.Duration {
			began := time.Now()
			_, waited, err := turns.Take(t.Context())
			if took := time.Since(began); err != nil || waited != (took > 0) {
				t.Errorf("waited %t for %v, %v", waited, took, err)
			}
			return time.Since(began)
		}
		if first, next := took(), took(); first != patience || next != 0 {
			t.Errorf("the first waited %v, the next %v", first, next)
		}
		go func() { // one of the few ends, another takes the place: they are quick again
			leave[0]()
			occupied(t, turns, 1)
		}()
		synctest.Wait()
		if after := took(); after != patience {
			t.Errorf("after one of the few ended %v", after)
		}
	})
}
