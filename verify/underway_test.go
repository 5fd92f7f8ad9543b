package verify

import (
	"crypto/sha256"
	"slices"
	"testing"

	"ovpn-verify/verify/state"
)

// A worker that dies forgets what it had not settled, so that the first of several
// logins that are one guess may not be told of a failure before that is.
func TestSharedFailureIsDueBeforeTheFirstIsTold(t *testing.T) {
	u := &underWay{attempts: map[[sha256.Size]byte]*sharedAttempt{}}
	key := Login{Username: "ada"}.sharedKey()
	var s *sharedAttempt
	for range 3 {
		var err error
		if s, _, err = u.join(t.Context(), key, func(string) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	user := state.Counter{Kind: state.CountUser, Name: "ada", Most: 3}
	address := state.Counter{Kind: state.CountAddress, Name: "192.0.2.7", Most: 30}
	failed, void := state.Ended{Counter: user, Outcome: state.Failed}, state.Ended{Counter: address, Outcome: state.Void}
	cleared := state.Ended{Counter: user, Outcome: state.Cleared}

	due := u.leave(s, []state.Ended{failed, void})
	if !slices.Equal(due, []state.Ended{failed}) {
		t.Errorf("with the first is due: %+v", due)
	}
	if again := u.leave(s, []state.Ended{failed, void}); !slices.Equal(again, due) {
		t.Errorf("the first could not be written, and then is due: %+v", again)
	}
	u.settled(s, due)
	if last := u.leave(s, []state.Ended{cleared, void}); !slices.Equal(last, []state.Ended{void}) {
		t.Errorf("with the last is due: %+v", last)
	}
}
