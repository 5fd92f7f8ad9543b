package verify

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"ovpn-verify/verify/front/reason"
	"ovpn-verify/verify/primary"
	"ovpn-verify/verify/turns"
)

// Whoever comes from the place of a session, such as a neighbour behind the same
// NAT whose client uses a fixed port, does not guess without an end.
func TestGuessesFromASessionsPlaceAreLimitedToo(t *testing.T) {
	s := newSessions(t, passwordOnly)
	s.want(Accepted, "", s.send("pw-ada"))
	calls := s.directory.calls
	for i := range 20 {
		s.want(Refused, "", s.send(fmt.Sprint("guess ", i)))
	}
	if asked := s.directory.calls - calls; asked > 3 {
		t.Errorf("the directory heard %d guesses, want 3", asked)
	}
}

// A session that goes on does not end the lock-out of those who guess.
func TestRenegotiationLeavesTheLockOut(t *testing.T) {
	s := newSessions(t, passwordOnly)
	s.want(Accepted, "", s.send("pw-ada"))
	for range 3 {
		s.want(Refused, "", s.login("Ada", "guess"))
	}
	s.want(Accepted, "", s.send("pw-ada"))
	s.want(Refused, "locked out", s.login("Ada", "guess"))
}

// A directory locks accounts by itself: what counts as one attempt here must not
// be many wrong passwords there.
func TestTheSameWrongPasswordManyTimesAtOnceIsAskedOnce(t *testing.T) {
	f, backend := newSlow(t)
	var wg sync.WaitGroup
	for range 40 {
		wg.Go(func() { f.want(Refused, "wrong password", f.login("ada", "wrong")) })
	}
	wg.Wait()
	if n := backend.asked["wrong"]; n != 1 {
		t.Errorf("the directory heard the wrong password %d times for one attempt", n)
	}
}

// Sprayed at once: what waits for its turn is not asked once the address is locked out.
func TestOnePasswordForManyUsersAtOnceIsLimitedByAddress(t *testing.T) {
	f, backend := newSlow(t)
	f.turns = turns.New(4, 4, patience)
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() { f.want(Refused, "", f.from("192.0.2.66", fmt.Sprint("user", i), "Summer2026")) })
	}
	wg.Wait()
	if n := backend.asked["Summer2026"]; n > 30+4 {
		t.Errorf("the directory heard %d guesses from one address, want 30 and those on their way", n)
	}
}

// A client that repeats what is no guess does not lock out its whole office.
func TestWhatIsNoGuessIsNotChargedToTheAddress(t *testing.T) {
	for name, c := range map[string]struct{ user, field, cause string }{
		"an answer to no question": {"ada", "CRV1::AAAAAAAAAAAAAAAAAAAAAA::123456", "unknown"},
		"a spent code":             {"ada", "", "used before"},
		"not enrolled":             {"carol", "pw-carol", "not enrolled"},
	} {
		f := newFixture(t, withLimits)
		if c.field == "" {
			c.field = static("pw-ada", f.code("ada", 0))
			f.want(Accepted, "", f.from("192.0.2.9", c.user, c.field))
		}
		for range 40 {
			if d := f.from("192.0.2.9", c.user, c.field); d.Verdict != Refused {
				t.Errorf("%s: %v", name, d.Verdict)
			}
		}
		f.want(Challenged, "", f.from("192.0.2.9", "bob", "pw-bob"))
	}
}

// expiry is a directory that tells the right password that it has expired.
type expiry struct{ *directory }

const expiredText = "Your password has expired"

func (e expiry) CheckPassword(ctx context.Context, req *primary.Request) (primary.Identity, error) {
	id, err := e.directory.CheckPassword(ctx, req)
	if err != nil {
		return id, err
	}
	return primary.Identity{}, &primary.AccountError{Identity: id.Name, Err: &primary.ReasonError{
		Text: expiredText, Err: fmt.Errorf("expired: %w", primary.ErrRefused)}}
}

func TestLockedUserDoesNotReadThatTheRightPasswordHasExpired(t *testing.T) {
	f := newFixture(t, func(p *Pipeline) {
		passwordOnly(p)
		p.Backend = expiry{&directory{}}
	})
	if d := f.login("ada", "pw-ada"); d.Text != expiredText {
		t.Errorf("who is not locked out reads %q", d.Text)
	}
	for range 3 {
		f.want(Refused, "", f.login("ada", "wrong"))
	}
	if d := f.login("Ada@example.org", "pw-ada"); d.Text != reason.Refused {
		t.Errorf("under another spelling a locked user reads %q", d.Text)
	}
}

// The time that it takes would tell.
func TestLockedUserCostsAsManyChecksWhetherThePasswordIsRight(t *testing.T) {
	f := newFixture(t, func(p *Pipeline) {
		withLimits(p)
		p.TOTP.Appended = true
	})
	for range 3 {
		f.want(Refused, "wrong password", f.login("ada", "wrong"))
	}
	cost := func(field string) int {
		calls := f.directory.calls
		f.want(Refused, "", f.login("Ada@example.org", field))
		return f.directory.calls - calls
	}
	if right, wrong := cost("pw-ada123456"), cost("pw-bob123456"); right != wrong {
		t.Errorf("the directory was asked %d times for the right, %d for a wrong password", right, wrong)
	}
}

// A locked address is turned away without work: what it costs is no defence else.
func TestLockedAddressCostsNothing(t *testing.T) {
	backend := &pretender{directory: &directory{}}
	f := newFixture(t, func(p *Pipeline) {
		passwordOnly(p)
		p.Backend = backend
	})
	for i := range 30 {
		f.want(Refused, "", f.from("192.0.2.9", fmt.Sprint("user", i), "x"))
	}
	for range 5 {
		f.want(Refused, "address", f.from("192.0.2.9", "mallory", "x"))
	}
	if backend.pretended != 0 {
		t.Errorf("%d checks for a locked address", backend.pretended)
	}
}

// Spaces do not count for a directory (RFC 4518 section 2.6.1).
func TestSpellingsAtOnceAreOneUser(t *testing.T) {
	f, backend := newSlow(t)
	var wg sync.WaitGroup
	for i := range 20 {
		name := fmt.Sprintf("%*s", 3+i, "Ada")
		wg.Go(func() { f.want(Refused, "", f.login(name, fmt.Sprint("guess ", i))) })
	}
	wg.Wait()
	if len(backend.asked) > 3 {
		t.Errorf("the directory heard %d guesses, want 3", len(backend.asked))
	}
}

// Who has given password and code is not locked out for what was mistyped before.
func TestRightAnswerForgetsWrongPasswords(t *testing.T) {
	f := newFixture(t, withLimits)
	for range 3 {
		for range 2 {
			f.want(Refused, "wrong password", f.login("Ada@example.org", "wrong"))
		}
		d := f.want(Challenged, "", f.login("Ada@example.org", "pw-ada"))
		f.want(Accepted, "", f.login("Ada@example.org", dynamic(d, f.code("ada", 0))))
		f.now = f.now.Add(30 * time.Second)
	}
}
