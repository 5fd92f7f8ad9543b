package state

import (
	"bytes"
	"context"
	"crypto/hmac"
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

	Enrolled time.Time // Enrolment.Created of the second factor that was checked; zero: none was
	Version  string    // primary.Identity.Version at the login

	From    Place // where its token was accepted from, which may be the same place; zero: it begins here
	Awaited bool  // an outage has sent the client away, and it was not let in since
}

// Recognised is how a password field was seen before.
type Recognised int

// The ways. A Renegotiation is of the same place; a Retry comes from another port
// of the same address, within the grace, before the session was up, once.
const (
	Unknown       Recognised = iota
	SamePlace                // the place has a session, which began with another field
	Renegotiation            // the place has a session, which began with this field
	Retry
)

func (s *Store) begin(t *txn, b Beginning, now time.Time) error {
	r := sessionRecord{
		Username: []byte(b.Username), CommonName: []byte(b.CommonName), Identity: []byte(b.Identity),
		Address: b.Address, Port: b.Port, Daemon: b.Daemon,
		Began: b.Began, Expires: b.Expires, Enrolled: b.Enrolled, Version: b.Version, Put: now,
	}
	var err error
	switch b.From {
	case Place{}:
		err = t.endAwaited(&r, now)
	case b.Place:
		return t.returned(placeKey(b.From), now)
	default:
		r.From = placeKey(b.From)
		err = t.returned(r.From, now)
	}
	if err != nil {
		return err
	}
	if err := t.inherit(&r, now); err != nil || b.Field.Empty() {
		return errors.Join(err, t.putSession(r, now))
	}
	mac, err := s.fieldMAC(t, b.Place, b.Field)
	if err != nil {
		return err
	}
	r.Field = mac
	if err := errors.Join(t.putSession(r, now), t.delete(bucketRetries, mac)); err != nil || b.Grace <= 0 {
		return err
	}
	if seen, err := t.sessionsSeen(now); err != nil || !seen {
		return err
	}
	return t.putUntil(bucketRetries, mac, placeKey(b.Place), now.Add(b.Grace), now)
}

// inherit keeps what client-connect said of the place: a client may log in anew
// within its connection, and OpenVPN then gives it the first token once more.
func (t *txn) inherit(r *sessionRecord, now time.Time) error {
	before, err := t.session(placeKey(r.place()), now)
	if err != nil || before == nil || Key(string(before.Identity)) != Key(string(r.Identity)) || !bytes.Equal(before.CommonName, r.CommonName) {
		return err
	}
	r.Token, r.Up = before.Token, before.Up
	return nil
}

// minRetry is what a client needs at least until it has noticed that its
// connection does not come up. Of logins at the same moment only one is no retry.
const minRetry = time.Second

// Recognise tells whether this field let a session of this user in before, and which:
// nil where it is Unknown. A Retry, which is looked for when retries are wanted, is
// forgotten by being answered.
func (s *Store) Recognise(ctx context.Context, place Place, field secret.Text, retries bool, now time.Time) (*Session, Recognised, error) {
	type answer struct {
		session *Session
		how     Recognised
	}
	a, err := look(ctx, s, func(t *txn) (answer, error) {
		r, how, err := s.recognise(t, place, field, retries, now)
		if err != nil || r == nil {
			return answer{}, err
		}
		session := r.session()
		return answer{&session, how}, nil
	})
	return a.session, a.how, err
}

func (s *Store) recognise(t *txn, place Place, field secret.Text, retries bool, now time.Time) (*sessionRecord, Recognised, error) {
	here, err := t.session(placeKey(place), now)
	if here != nil && here.Ended { // its token is kept for the client's return, and nothing else
		here = nil
	}
	if err != nil || here == nil && !retries {
		return nil, Unknown, err
	}
	if here != nil && len(here.Field) == 0 {
		return here, SamePlace, nil
	}
	if here == nil {
		// No key is needed, nor made, where no code ever was.
		if found, err := t.any(bucketRetries); err != nil || !found {
			return nil, Unknown, err
		}
	}
	mac, err := s.fieldMAC(t, place, field)
	switch {
	case err != nil:
		return nil, Unknown, err
	case here != nil && hmac.Equal(here.Field, mac):
		return here, Renegotiation, nil
	case here != nil:
		return here, SamePlace, nil
	}
	before, err := t.takeRetry(mac, now)
	return before, Retry, err
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
