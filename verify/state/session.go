package state

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"net/netip"
	"time"

	"ovpn-verify/verify/secret"
)

// Place is where a client's connection comes from: what a renegotiation repeats
// and a new connection does not.
type Place struct {
	Username string // as typed
	Address  netip.Addr
	Port     uint16
	Daemon   string // the OpenVPN process that it is connected to
}

// Session is a login that was accepted.
type Session struct {
	Place
	CommonName string // of the client's certificate, "" without one
	Identity   string
	Began      time.Time // when password and code were checked
	Expires    time.Time
}

// Recognised is how a password field was seen before.
type Recognised int

// The ways. A Renegotiation is of the same place; a Retry comes from another port
// of the same address, within the grace, before the session was up, once.
const (
	Unknown Recognised = iota
	Renegotiation
	Retry
)

// PutSession keeps a session under its place. With a field that is not empty a
// later login with the same field can be recognised, and within grace be retried:
// the latter only where SessionUp has been called lately, since otherwise nobody
// tells when the grace ends. The field is kept as an HMAC with the key file's key.
func (s *Store) PutSession(ctx context.Context, session Session, field secret.Text, grace time.Duration, now time.Time) error {
	return s.do(ctx, func(t *txn) error {
		r := sessionRecord{
			Username: []byte(session.Username), CommonName: []byte(session.CommonName), Identity: []byte(session.Identity),
			Address: session.Address, Port: session.Port, Daemon: session.Daemon,
			Began: session.Began, Expires: session.Expires, Put: now,
		}
		if field.Empty() {
			return t.putSession(r, now)
		}
		mac, err := s.fieldMAC(t, session.Place, field)
		if err != nil {
			return err
		}
		r.Field = mac
		if err := errors.Join(t.putSession(r, now), t.delete(bucketRetries, mac)); err != nil || grace <= 0 {
			return err
		}
		if seen, err := t.sessionsSeen(now); err != nil || !seen {
			return err
		}
		return t.putUntil(bucketRetries, mac, placeKey(session.Place), now.Add(grace), now)
	})
}

// minRetry is what a client needs at least until it has noticed that its
// connection does not come up. Of logins at the same moment only one is no retry.
const minRetry = time.Second

// Recognise tells whether this field let a session of this user in before. A
// Retry is forgotten by being answered.
func (s *Store) Recognise(ctx context.Context, place Place, field secret.Text, now time.Time) (Session, Recognised, error) {
	type answer struct {
		Session
		how Recognised
	}
	a, err := ask(ctx, s, func(t *txn) (answer, error) {
		mac, err := s.fieldMAC(t, place, field)
		if err != nil {
			return answer{}, err
		}
		r, err := t.session(placeKey(place), now)
		if err != nil {
			return answer{}, err
		}
		if r != nil && len(r.Field) > 0 && hmac.Equal(r.Field, mac) {
			return answer{r.session(), Renegotiation}, nil
		}
		r, err = t.takeRetry(mac, now)
		if err != nil || r == nil {
			return answer{}, err
		}
		return answer{r.session(), Retry}, nil
	})
	return a.Session, a.how, err
}

func (t *txn) takeRetry(mac []byte, now time.Time) (*sessionRecord, error) {
	place, err := t.getUntil(bucketRetries, mac, now)
	if err != nil || place == nil {
		return nil, err
	}
	r, err := t.session(place, now)
	if err != nil || r == nil || r.Up || !bytes.Equal(r.Field, mac) || now.Before(r.Put.Add(minRetry)) {
		return nil, err
	}
	return r, t.delete(bucketRetries, mac)
}

// SessionAt returns the session of a place, or ErrNotFound.
func (s *Store) SessionAt(ctx context.Context, place Place, now time.Time) (Session, error) {
	return ask(ctx, s, func(t *txn) (Session, error) {
		r, err := t.session(placeKey(place), now)
		if err == nil && r == nil {
			err = ErrNotFound
		}
		if err != nil {
			return Session{}, err
		}
		return r.session(), nil
	})
}

// SessionUp marks the session of a place as established, which ends the grace for
// retries, and makes token good for it until it expires. ErrNotFound without one.
// A token is 256 random bits: its SHA-256 gives nothing away.
func (s *Store) SessionUp(ctx context.Context, place Place, token secret.Text, now time.Time) error {
	return s.do(ctx, func(t *txn) error {
		if err := t.seeSession(now); err != nil {
			return err
		}
		r, err := t.session(placeKey(place), now)
		if err != nil {
			return err
		}
		if r == nil {
			return ErrNotFound
		}
		hash := sha256.Sum256(token.Reveal())
		err = t.forgetToken(r)
		r.Up, r.Token = true, hash[:]
		return errors.Join(err, t.putSession(*r, now), t.putUntil(bucketTokens, hash[:], placeKey(place), r.Expires, now))
	})
}

// SessionByToken returns the session that the token was made for, or ErrNotFound.
func (s *Store) SessionByToken(ctx context.Context, token secret.Text, now time.Time) (Session, error) {
	return ask(ctx, s, func(t *txn) (Session, error) {
		hash := sha256.Sum256(token.Reveal())
		place, err := t.getUntil(bucketTokens, hash[:], now)
		if err == nil && place == nil {
			err = ErrNotFound
		}
		if err != nil {
			return Session{}, err
		}
		r, err := t.session(place, now)
		if err == nil && (r == nil || !bytes.Equal(r.Token, hash[:])) {
			err = ErrNotFound
		}
		if err != nil {
			return Session{}, err
		}
		return r.session(), nil
	})
}

// EndSession forgets the session of a place with its token; ErrNotFound without one.
func (s *Store) EndSession(ctx context.Context, place Place, now time.Time) error {
	return s.do(ctx, func(t *txn) error {
		key := placeKey(place)
		r, err := t.session(key, now)
		if err != nil {
			return err
		}
		if r == nil {
			return ErrNotFound
		}
		return errors.Join(t.forgetToken(r), t.delete(bucketSessions, key))
	})
}

func (t *txn) forgetToken(r *sessionRecord) error {
	if len(r.Token) == 0 {
		return nil
	}
	return t.delete(bucketTokens, r.Token)
}
