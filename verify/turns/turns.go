// Package turns has the many wait for what the few are at. A server that answers
// quickly is asked by few at once, so that a storm does not become a storm on it. One
// that is slow would keep the others waiting for seconds, where to wait on the network
// costs next to nothing: once none of the few has come or gone for a moment, all may
// ask.
package turns

import (
	"context"
	"sync/atomic"
	"time"
)

// Turns are the places. Both queues serve in order: that is how Go's channels serve
// those who wait to send.
type Turns struct {
	few, all chan struct{}
	patience time.Duration
	began    time.Time
	moved    atomic.Int64 // when one of the few came or went, as nanoseconds since began
}

// New allows so many at once, and few of them where these are quicker than patience.
func New(few, all int, patience time.Duration) *Turns {
	return &Turns{
		few: make(chan struct{}, min(few, all)), all: make(chan struct{}, all),
		patience: patience, began: time.Now(),
	}
}

// Taken is how many have a place at the moment, and Most how many may.
func (t *Turns) Taken() int { return len(t.all) }
func (t *Turns) Most() int  { return cap(t.all) }

// Take waits for a place. It returns how to leave it, and whether there was none at
// once; the error is that of ctx.
func (t *Turns) Take(ctx context.Context) (leave func(), waited bool, err error) {
	select {
	case t.all <- struct{}{}:
	default:
		waited = true
		select {
		case t.all <- struct{}{}:
		case <-ctx.Done():
			return nil, waited, context.Cause(ctx)
		}
	}
	select {
	case t.few <- struct{}{}:
		t.move()
		return t.leaveBoth, waited, nil
	default:
	}
	if time.Since(t.began)-time.Duration(t.moved.Load()) >= t.patience {
		return t.leaveAll, waited, nil
	}
	leave, err = t.takeFew(ctx)
	return leave, true, err
}

// takeFew waits for one of the few, or until that is enough.
func (t *Turns) takeFew(ctx context.Context) (leave func(), err error) {
	timer := time.NewTimer(t.patience)
	defer timer.Stop()
	select {
	case t.few <- struct{}{}:
		t.move()
		return t.leaveBoth, nil
	case <-timer.C:
		return t.leaveAll, nil
	case <-ctx.Done():
		t.leaveAll()
		return nil, context.Cause(ctx)
	}
}

func (t *Turns) move() { t.moved.Store(int64(time.Since(t.began))) }

func (t *Turns) leaveBoth() {
	<-t.few
	t.move()
	<-t.all
}

func (t *Turns) leaveAll() { <-t.all }
