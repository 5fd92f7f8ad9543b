package state

import (
	"context"
	"errors"
	"time"

	"ovpn-verify/verify/secret"
)

// Conclusion is what a login comes to. What is nil or empty is not part of it.
type Conclusion struct {
	Spend   *Spend // a code that lets it in
	Ask     *Asked // a question
	Attempt string // with Ended: see EndAttempt
	Ended   []Ended
	Begin   *Beginning // the session that begins with it
}

// Spend is a code's step, which is good if it is later than the last one spent for
// the identity and Limit is not locked.
type Spend struct {
	Identity string
	Step     uint64
	Limit    Counter
}

// Asked is a challenge under its id: see PutChallenge.
type Asked struct {
	ID string
	Challenge
}

// Beginning is a session to be kept under its place. With a field that is not empty a
// later login with the same field can be recognised, and within grace be retried:
// the latter only where SessionUp has been called lately, since otherwise nobody
// tells when the grace ends. The field is kept as an HMAC with the key file's key.
type Beginning struct {
	Session
	Field secret.Text
	Grace time.Duration
}

// Conclude writes all of it in one transaction, which is on disk before err is nil.
// Where the step is not good, nothing is written: ErrSpent, or ErrLocked. No login
// hangs on the session that begins with it: why there is none is in noSession.
func (s *Store) Conclude(ctx context.Context, c Conclusion, now time.Time) (noSession, err error) {
	return ask(ctx, s, func(t *txn) (noSession error, err error) {
		if c.Spend != nil {
			if err := t.spend(*c.Spend, now); err != nil {
				return nil, err
			}
		}
		if c.Ask != nil {
			if err := t.putChallenge(c.Ask.ID, c.Ask.Challenge, now); err != nil {
				return nil, err
			}
		}
		if err := t.settleAll(c.Attempt, c.Ended, now); err != nil {
			return nil, err
		}
		if c.Begin != nil {
			if err := s.begin(t, *c.Begin, now); err != nil {
				noSession = s.unavailable(err)
			}
		}
		return noSession, nil
	})
}

func (t *txn) settleAll(id string, ended []Ended, now time.Time) error {
	var errs []error
	for _, e := range ended {
		errs = append(errs, t.settle(id, e, now))
	}
	return errors.Join(errs...)
}
