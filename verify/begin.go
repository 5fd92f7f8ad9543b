package verify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ovpn-verify/challenge"
	"ovpn-verify/verify/state"
)

// The waits for others' attempts to end grow between these.
const (
	firstWait = 5 * time.Millisecond
	lastWait  = 100 * time.Millisecond
)

// beginAttempt waits while as many attempts are under way as may still fail. It takes
// the challenge that is answered.
func (a *attempt) beginAttempt(ctx context.Context, id string, counters []state.Counter, field challenge.Field) error {
	until := a.Now().Add(a.Login.Deadline + settleTimeout)
	for wait := firstWait; ; wait = min(2*wait, lastWait) {
		err := a.beginOnce(ctx, id, counters, field, until)
		if !errors.Is(err, state.ErrBusy) {
			return err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return busyError{fmt.Errorf("waiting for other attempts of this user or address to end: %w", err)}
		}
	}
}

func (a *attempt) beginOnce(ctx context.Context, id string, counters []state.Counter, field challenge.Field, until time.Time) error {
	if answer, answers := field.(challenge.Dynamic); answers {
		return a.beginAnswer(ctx, id, counters, answer, until)
	}
	return a.Store.BeginAttempt(ctx, id, counters, a.Now(), until)
}

func (a *attempt) beginAnswer(ctx context.Context, id string, counters []state.Counter, answer challenge.Dynamic, until time.Time) error {
	taken, err := a.Store.BeginAnswer(ctx, id, counters, answer.State, a.Now(), until)
	if err == nil {
		a.taken = &taken
	}
	return err
}
