package verify

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"ovpn-verify/verify/primary"
	"ovpn-verify/verify/state"
)

// The reasons for which a login could not be decided. Those for which one is
// refused are primary's.
const (
	ReasonBackend  = "backend"  // no server that decides
	ReasonState    = "state"    // state.path cannot be read or written
	ReasonBusy     = "busy"     // too many logins at once
	ReasonInternal = "internal" // a fault of this program
)

// Outages are all of them.
var Outages = []string{ReasonBackend, ReasonState, ReasonBusy, ReasonInternal}

// Reasons are all words that Decision.Reason may be, besides none.
func Reasons() []string {
	all := slices.Clone(Outages)
	for _, r := range primary.Refusals {
		all = append(all, string(r))
	}
	return all
}

// busyError is a login that others left no time for.
type busyError struct{ error }

func (e busyError) Unwrap() error { return e.error }

// reasonFor tells in one word why a login is not let in; a question needs none.
func (a *attempt) reasonFor(err error) string {
	switch verdictOf(err) {
	case Refused:
		return string(a.refusalIn(err))
	case Unavailable:
		return outageIn(err)
	}
	return ""
}

// refusalIn is the backend's own word where it has one. An account that is found
// to be gone when a session goes on was nobody's guess.
func (a *attempt) refusalIn(err error) primary.Refusal {
	why, told := errors.AsType[primary.Refusal](err)
	switch {
	case !told:
		return primary.Rejected
	case why == primary.UnknownUser && !a.guessed:
		return primary.Account
	}
	return why
}

func outageIn(err error) string {
	_, busy := errors.AsType[busyError](err)
	switch {
	case errors.Is(err, state.ErrUnavailable):
		return ReasonState
	case busy:
		return ReasonBusy
	}
	return ReasonBackend
}

// tooBusy is the error of a login whose time was over before its turn came.
func tooBusy(ctx context.Context, waitingFor string) error {
	return busyError{fmt.Errorf("waiting for %s: %w", waitingFor, ctx.Err())}
}
