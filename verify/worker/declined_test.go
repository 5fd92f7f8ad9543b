package worker

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// Whoever knocks without end fills no log.
func TestDeclinedJobsFillNoLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d declined
		var told []int
		knock := func(times int) {
			for range times {
				d.add(errors.New("a job from user id 65534"), func(_ error, more int) { told = append(told, more) })
			}
		}
		knock(5000)
		time.Sleep(tellWithin + time.Second)
		knock(2)
		time.Sleep(tellWithin + time.Second)
		synctest.Wait()
		want := append(make([]int, tellMost), 5000-tellMost, 0, 0)
		if !slices.Equal(told, want) {
			t.Errorf("told %v, want %v", told, want)
		}
	})
}
