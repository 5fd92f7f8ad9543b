package state

import (
	"context"
	"time"

	"go.etcd.io/bbolt"

	"ovpn-verify/verify/secret"
)

// SpendStep concludes a login that comes to nothing but a spent step.
func (s *Store) SpendStep(ctx context.Context, identity string, step uint64, limit Counter, now time.Time) error {
	_, err := s.Conclude(ctx, Conclusion{Spend: &Spend{identity, step, limit}}, now)
	return err
}

// PutSession concludes a login that comes to nothing but a session.
func (s *Store) PutSession(ctx context.Context, session Session, field secret.Text, grace time.Duration, now time.Time) error {
	noSession, err := s.Conclude(ctx, Conclusion{Begin: &Beginning{session, field, grace}}, now)
	if err != nil {
		return err
	}
	return noSession
}

// bolt is for tests that write around put.
func (t *txn) bolt() *bbolt.Tx {
	if _, err := t.bucket(bucketMeta); err != nil {
		panic(err)
	}
	return t.tx
}
