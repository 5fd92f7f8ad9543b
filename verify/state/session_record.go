package state

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"net/netip"
	"time"

	"ovpn-verify/verify/secret"
)

// sessionRecord is a session in JSON. Names are []byte because encoding/json
// would change those that are not UTF-8.
type sessionRecord struct {
	Username, CommonName, Identity []byte

	Address netip.Addr
	Port    uint16
	Daemon  string

	Began, Expires time.Time
	Enrolled       time.Time // zero when no second factor was checked
	Version        string
	Put            time.Time // when this login was accepted
	Field          []byte    // HMAC of the password field, when it can be recognised
	Token          []byte    // SHA-256 of the token made for it
	Up             bool      // client-connect was called
	AwaitedUntil   time.Time // an outage has sent the client away: it comes back by its token
	Ended          bool      // while it was awaited
	From           []byte    // the place that a token brought it from
}

func (r *sessionRecord) place() Place {
	return Place{Username: string(r.Username), Address: r.Address, Port: r.Port, Daemon: r.Daemon}
}

func (r *sessionRecord) session() Session {
	return Session{Place: r.place(), CommonName: string(r.CommonName), Identity: string(r.Identity),
		Began: r.Began, Expires: r.Expires, Enrolled: r.Enrolled, Version: r.Version}
}

func (t *txn) putSession(r sessionRecord, now time.Time) error {
	record, err := json.Marshal(r)
	if err != nil {
		return err
	}
	expires := r.Expires
	if r.Ended {
		expires = earlier(expires, r.AwaitedUntil)
	}
	return t.putUntil(bucketSessions, placeKey(r.place()), record, expires, now)
}

// session returns nil when there is none, or none that has not expired.
func (t *txn) session(key []byte, now time.Time) (*sessionRecord, error) {
	record, err := t.getUntil(bucketSessions, key, now)
	if err != nil || record == nil {
		return nil, err
	}
	var r sessionRecord
	if err := json.Unmarshal(record, &r); err != nil {
		return nil, errors.New("a session is damaged: not this program's JSON")
	}
	if !now.Before(r.Expires) || r.Began.After(now) || r.Ended && !r.awaited(now) {
		return nil, nil
	}
	return &r, nil
}

// fieldMAC also covers user and address. The key file is made when there is none.
func (s *Store) fieldMAC(t *txn, p Place, field secret.Text) ([]byte, error) {
	if err := s.ensureKey(t); err != nil {
		return nil, err
	}
	key, err := s.readKey()
	if err != nil {
		return nil, err
	}
	h := hmac.New(sha256.New, key)
	h.Write(joined(nil, []byte("ovpn-verify session field"), []byte(p.Username), p.Address.AsSlice(), field.Reveal()))
	return h.Sum(nil), nil
}

func placeKey(p Place) []byte {
	parts := joined(nil, []byte(p.Username), p.Address.AsSlice(), []byte(p.Daemon))
	key := sha256.Sum256(binary.BigEndian.AppendUint16(parts, p.Port))
	return key[:]
}

// joined keeps apart what stands next to each other in a hash.
func joined(to []byte, parts ...[]byte) []byte {
	for _, part := range parts {
		to = binary.BigEndian.AppendUint32(to, uint32(len(part)))
		to = append(to, part...)
	}
	return to
}

const (
	keySessionsSeen = "client-connect"
	seenFor         = 30 * 24 * time.Hour
	seenAgain       = 24 * time.Hour
)

// sessionsSeen tells whether client-connect is configured, as far as one knows.
func (t *txn) sessionsSeen(now time.Time) (bool, error) {
	last, err := t.lastSeen()
	return !last.IsZero() && now.Before(last.Add(seenFor)), err
}

func (t *txn) lastSeen() (last time.Time, err error) {
	stamp, err := t.get(bucketMeta, []byte(keySessionsSeen))
	if err != nil || stamp == nil {
		return time.Time{}, err
	}
	return last, last.UnmarshalBinary(stamp)
}

func (t *txn) seeSession(now time.Time) error {
	last, err := t.lastSeen()
	if err != nil || now.Sub(last).Abs() < seenAgain {
		return err
	}
	stamp, err := now.MarshalBinary()
	return errors.Join(err, t.put(bucketMeta, []byte(keySessionsSeen), stamp))
}

// knownSession is session for those to whom there must be one: ErrNotFound otherwise.
func (t *txn) knownSession(key []byte, now time.Time) (*sessionRecord, error) {
	r, err := t.session(key, now)
	if err == nil && r == nil {
		err = ErrNotFound
	}
	return r, err
}
