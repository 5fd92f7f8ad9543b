package verify

import (
	"context"
	"time"
)

// turns are the places for backend checks. A quick backend is asked by few logins at
// once, so that a storm does not become a storm on the directory. A slow one would
// keep the others waiting for seconds, where waiting on the network costs next to
// nothing: whoever has waited for a moment goes on, up to the number that the
// configuration allows. Both queues serve in order: that is how Go's channels
// serve those who wait to send.
type turns struct {
	few, all chan struct{}
}

const (
	fewAtOnce = 64
	patience  = 50 * time.Millisecond
)

func newTurns(most int) turns {
	return turns{few: make(chan struct{}, min(fewAtOnce, most)), all: make(chan struct{}, most)}
}

// take returns how to leave the place, and whether there was none at once.
func (t turns) take(ctx context.Context) (leave func(), waited bool, err error) {
	select {
	case t.all <- struct{}{}:
	default:
		waited = true
		select {
		case t.all <- struct{}{}:
		case <-ctx.Done():
			return nil, waited, ctx.Err()
		}
	}
	select {
	case t.few <- struct{}{}:
		return t.leaveBoth, waited, nil
	default:
	}
	enough := time.NewTimer(patience)
	defer enough.Stop()
	select {
	case t.few <- struct{}{}:
		return t.leaveBoth, true, nil
	case <-enough.C:
		return t.leaveAll, true, nil
	case <-ctx.Done():
		t.leaveAll()
		return nil, true, ctx.Err()
	}
}

func (t turns) leaveBoth() {
	<-t.few
	<-t.all
}

func (t turns) leaveAll() { <-t.all }
