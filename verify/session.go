package verify

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"ovpn-verify/challenge"
	"ovpn-verify/verify/secret"
	"ovpn-verify/verify/state"
)

// The values of session.recheck.
const (
	recheckAccount = "account"
	recheckNone    = "none"
)

// SessionConfig is the section [session].
type SessionConfig struct {
	Recheck  string        `toml:"recheck"`  // "account" or "none": what a renegotiation asks the backend
	Lifetime time.Duration `toml:"lifetime"` // from the login on; after it one has to log in again
}

// DefaultSessionConfig is a working day.
func DefaultSessionConfig() SessionConfig {
	return SessionConfig{Recheck: recheckAccount, Lifetime: 12 * time.Hour}
}

// Validate reports every fault.
func (c SessionConfig) Validate() error {
	return errors.Join(
		OneOf("session.recheck", c.Recheck, recheckAccount, recheckNone),
		between("session.lifetime", c.Lifetime, time.Minute, 30*24*time.Hour),
	)
}

// Session names an established session as OpenVPN's client-connect and
// client-disconnect do.
type Session struct {
	Username, CommonName string
	ClientIP             netip.Addr
	ClientPort           uint16
	SessionID            string // of OpenVPN's own auth-gen-token; empty without it
	Daemon               string // the OpenVPN process
}

func (s Session) place() state.Place {
	return state.Place{Username: s.Username, Address: s.ClientIP, Port: s.ClientPort, Daemon: s.Daemon}
}

// Connected makes the token by which the session's renegotiations are recognised,
// 256 random bits that are good until session.lifetime ends. It is empty where
// none is needed: OpenVPN hands out its own, or nothing is known of a login.
func (p *Pipeline) Connected(ctx context.Context, s Session) (secret.Text, error) {
	var token secret.Text
	if s.SessionID == "" {
		token = challenge.NewToken()
	}
	err := p.Store.SessionUp(ctx, s.place(), token, p.Now())
	if errors.Is(err, state.ErrNotFound) {
		return secret.Text{}, nil
	}
	if err != nil {
		return secret.Text{}, fmt.Errorf("no token for the session: %w", err)
	}
	return token, nil
}

// Disconnected forgets the session and its token.
func (p *Pipeline) Disconnected(ctx context.Context, s Session) error {
	err := p.Store.EndSession(ctx, s.place(), p.Now())
	if errors.Is(err, state.ErrNotFound) {
		return nil
	}
	return err
}
