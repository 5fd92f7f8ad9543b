package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"ovpn-verify/verify"
	"ovpn-verify/verify/config"
	"ovpn-verify/verify/primary"
	"ovpn-verify/verify/state"
)

// knownTimeout is for the directory: who is enrolled while it is away need not wait long.
const knownTimeout = 3 * time.Second

// asSpelled asks the backend whom it knows by the name. Codes are looked up by the
// backend's spelling: an enrolment under another one would never be found. A user who
// is not there yet may come; a backend that cannot tell is no reason against it.
func asSpelled(ctx context.Context, c config.Config, user string) error {
	backend, err := newBackend(c, loginStore(c))
	accounts, can := backend.(verify.AccountChecker)
	if err != nil || !can {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, knownTimeout)
	defer cancel()
	id, err := accounts.StillThere(ctx, &primary.Request{Username: user})
	switch refusal, _ := errors.AsType[primary.Refusal](err); {
	case err == nil && state.Key(id.Name) != state.Key(user):
		return &hintError{fmt.Errorf("%q is %q in the directory, and codes are looked up by that name", user, id.Name),
			"ovpn-verify totp enroll " + id.Name}
	case refusal == primary.UnknownUser:
		fmt.Fprintln(os.Stderr, styleOf(os.Stderr).yellow("warning:"), shown(fmt.Sprintf("nobody is called %q yet; the name has to be as the directory, or the users file, spells it", user)))
	}
	return nil
}
