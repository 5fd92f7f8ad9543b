package verify

import (
	"errors"
	"testing"
)

// At an outage OpenVPN drops the client, which comes back by its token.
func TestOurTokenOutlivesAnOutage(t *testing.T) {
	s := newSessions(t, nil)
	s.want(Accepted, "", s.send(static("pw-ada", s.code("ada", 0))))
	made, err := s.Connected(t.Context(), s.session())
	if err != nil {
		t.Fatal(err)
	}
	token := string(made.Reveal())
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
	second, err := s.Connected(t.Context(), moved)
	if err != nil || second.Empty() {
		t.Fatal(err)
	}
	s.want(Refused, "unknown", s.send(token, port(40005)))
	s.want(Accepted, "", s.send(string(second.Reveal()), port(40004)))
	if err := s.Disconnected(t.Context(), moved); err != nil {
		t.Fatal(err)
	}
	s.want(Refused, "unknown", s.send(string(second.Reveal()), port(40004)))
}

// The client is back before OpenVPN has noticed that it had gone.
func TestOurTokenEndsAfterAnOutageWithTheConnectionBefore(t *testing.T) {
	s := newSessions(t, nil)
	s.want(Accepted, "", s.send(static("pw-ada", s.code("ada", 0))))
	made, err := s.Connected(t.Context(), s.session())
	if err != nil {
		t.Fatal(err)
	}
	token := string(made.Reveal())
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
			made, err := s.Connected(t.Context(), s.session())
			if err != nil {
				t.Fatal(err)
			}
			s.accounts.outage = errors.New("away")
			s.want(Unavailable, "away", s.send(string(made.Reveal())))
			if disconnected {
				if err := s.Disconnected(t.Context(), s.session()); err != nil {
					t.Fatal(err)
				}
			}
			s.accounts.outage = nil
			s.want(Accepted, "", s.send(string(made.Reveal())))
			if disconnected {
				if made, err = s.Connected(t.Context(), s.session()); err != nil {
					t.Fatal(err)
				}
			}
			s.want(Accepted, "", s.send(string(made.Reveal())))
			if err := s.Disconnected(t.Context(), s.session()); err != nil {
				t.Fatal(err)
			}
			s.want(Refused, "unknown", s.send(string(made.Reveal())))
			s.want(Refused, "unknown", s.send(string(made.Reveal()), port(40002)))
		})
	}
}

// Whoever logs in by password does without the token.
func TestLoginByPasswordEndsTheSessionThatIsAwaited(t *testing.T) {
	s := newSessions(t, nil)
	s.want(Accepted, "", s.send(static("pw-ada", s.code("ada", -1))))
	made, err := s.Connected(t.Context(), s.session())
	if err != nil {
		t.Fatal(err)
	}
	token := string(made.Reveal())
	s.accounts.outage = errors.New("away")
	s.want(Unavailable, "away", s.send(token))
	if err := s.Disconnected(t.Context(), s.session()); err != nil {
		t.Fatal(err)
	}
	s.accounts.outage = nil
	s.want(Accepted, "", s.send(static("pw-ada", s.code("ada", 0)), port(40002)))
	s.want(Refused, "unknown", s.send(token, port(40003)))
}
