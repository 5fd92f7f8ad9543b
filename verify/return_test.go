package verify

import (
	"errors"
	"testing"
)

// At an outage OpenVPN drops the client, which comes back by its token.
func TestOurTokenOutlivesAnOutage(t *testing.T) {
	s := newSessions(t, nil)
	s.want(Accepted, "", s.send(static("pw-ada", s.code("ada", 0))))
	token := s.up(s.session())
	s.accounts.outage = errors.New("away")
	s.want(Unavailable, "away", s.send(token))
	if err := s.Disconnected(t.Context(), s.session()); err != nil {
		t.Fatal(err)
	}
	s.want(Unavailable, "away", s.send(token, port(40002)))
	s.accounts.outage = nil
	s.want(Refused, "belongs to", s.send(token, user("bob"), port(40003)))
	s.want(Accepted, "", s.send(token, port(40003)))
	s.want(Accepted, "", s.send(token, port(40004))) // that connection did not come up
	moved := s.session()
	moved.ClientPort = 40004
	second := s.up(moved)
	if second == "" {
		t.Fatal("the new place has no token")
	}
	s.want(Refused, "unknown", s.send(token, port(40005)))
	s.want(Accepted, "", s.send(second, port(40004)))
	if err := s.Disconnected(t.Context(), moved); err != nil {
		t.Fatal(err)
	}
	s.want(Refused, "unknown", s.send(second, port(40004)))
}

// The client is back before OpenVPN has noticed that it had gone.
func TestOurTokenEndsAfterAnOutageWithTheConnectionBefore(t *testing.T) {
	s := newSessions(t, nil)
	s.want(Accepted, "", s.send(static("pw-ada", s.code("ada", 0))))
	token := s.up(s.session())
	s.accounts.outage = errors.New("away")
	s.want(Unavailable, "away", s.send(token, port(40002)))
	s.accounts.outage = nil
	s.want(Accepted, "", s.send(token, port(40002)))
	if err := s.Disconnected(t.Context(), s.session()); err != nil {
		t.Fatal(err)
	}
	s.want(Refused, "unknown", s.send(token, port(40003)))
}

// A client with a fixed port comes back to the place where it was.
func TestOurTokenEndsWithTheSessionAlsoAfterAnOutage(t *testing.T) {
	for name, disconnected := range map[string]bool{"the connection goes on": false, "OpenVPN ended it": true} {
		t.Run(name, func(t *testing.T) {
			s := newSessions(t, nil)
			s.want(Accepted, "", s.send(static("pw-ada", s.code("ada", 0))))
			token := s.up(s.session())
			s.accounts.outage = errors.New("away")
			s.want(Unavailable, "away", s.send(token))
			if disconnected {
				if err := s.Disconnected(t.Context(), s.session()); err != nil {
					t.Fatal(err)
				}
			}
			s.accounts.outage = nil
			s.want(Accepted, "", s.send(token))
			if disconnected {
				token = s.up(s.session())
			}
			s.want(Accepted, "", s.send(token))
			if err := s.Disconnected(t.Context(), s.session()); err != nil {
				t.Fatal(err)
			}
			s.want(Refused, "unknown", s.send(token))
			s.want(Refused, "unknown", s.send(token, port(40002)))
		})
	}
}

// Whoever logs in by password does without the token.
func TestLoginByPasswordEndsTheSessionThatIsAwaited(t *testing.T) {
	s := newSessions(t, nil)
	s.want(Accepted, "", s.send(static("pw-ada", s.code("ada", -1))))
	token := s.up(s.session())
	s.accounts.outage = errors.New("away")
	s.want(Unavailable, "away", s.send(token))
	if err := s.Disconnected(t.Context(), s.session()); err != nil {
		t.Fatal(err)
	}
	s.accounts.outage = nil
	s.want(Accepted, "", s.send(static("pw-ada", s.code("ada", 0)), port(40002)))
	s.want(Refused, "unknown", s.send(token, port(40003)))
}
