// Package primary is the vocabulary between the pipeline and the backends that
// check a password: what is asked, what comes back, and how a refusal differs
// from an outage. It knows no backend and nothing of OpenVPN.
package primary

import (
	"errors"
	"net/netip"

	"ovpn-verify/verify/secret"
)

// ErrRefused means that the backend has decided: this user, or this password,
// is not let in. Backends wrap it with the cause, which only the log shows.
// Every other error of a backend, ChallengeError apart, is an outage: it costs
// the user no attempt and never reads as "wrong password".
var ErrRefused = errors.New("refused")

// Request is one question to a backend, which only reads it.
type Request struct {
	Username string      // as typed, valid UTF-8 without control characters, not empty
	Password secret.Text // or the answer to a challenge; never empty when a password is checked
	Code     secret.Text // came along with the password and is for the backend; empty mostly
	ClientIP netip.Addr  // where the client comes from; the zero Addr when unknown
	LoginID  string      // the id in every log line of this login
}

// Identity is the account as the directory knows it. Everything that is
// remembered about a user is keyed by it, not by what was typed.
type Identity struct {
	Name       string              // the directory's own spelling
	Groups     []string            // as the directory names them (LDAP: DNs)
	Attributes map[string][]string // what else came along, by the directory's names

	// Version is another one when the password was changed by an administrator, or
	// the account made anew under the same name, where the backend can tell: what
	// was accepted before must not vouch for it any more.
	Version string
}

// ChallengeError is a backend's question to the user (RADIUS Access-Challenge,
// RFC 2865 section 4.4). It is an error so that whoever forgets it refuses.
type ChallengeError struct {
	Prompt string // for the user, as the server sent it
	Echo   bool   // whether the answer may be shown while it is typed
	State  []byte // opaque to the pipeline; goes back to the backend with the answer
	// CodeSpent: the server has seen Request.Code, so that it is not the answer.
	CodeSpent bool
}

func (e *ChallengeError) Error() string { return "the server asks the user a question" }
