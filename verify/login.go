package verify

import (
	"crypto/rand"
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"

	"ovpn-verify/verify/primary"
	"ovpn-verify/verify/secret"
	"ovpn-verify/verify/state"
	"ovpn-verify/verify/trace"
)

// maxUsername bounds a user name in bytes. OpenVPN lets up to 4,096 through;
// directories stop far below.
const maxUsername = 256

// Login is one attempt as it arrived.
type Login struct {
	ID           string      // stands in every log line of this login; see NewLoginID
	Username     string      // as typed, any bytes
	Password     secret.Text // the password field in any of its forms
	CommonName   string      // of the client's certificate, empty without one
	ClientIP     netip.Addr
	ClientPort   uint16           // 0: unknown, and then no session is recognised
	SessionID    string           // of OpenVPN's auth-gen-token
	SessionState string           // what OpenVPN found its auth-token to be (external-auth); empty without one
	Daemon       string           // names the OpenVPN process
	ClientProto  string           // IV_PROTO, for the form of a temporary failure
	CanChallenge bool             // a text reaches the client, so that it can be asked
	OnStep       func(trace.Step) // called after each step, when set
}

// NewLoginID returns 50 random bits as ten characters.
func NewLoginID() string { return rand.Text()[:10] }

// LoggedName is a name as the log has it: one that no directory holds is cut, so
// that it cannot make a line longer than log services take. They would go on with
// the rest as with another record.
func LoggedName(name string) string {
	if len(name) > maxUsername {
		return name[:maxUsername] + "…"
	}
	return name
}

// check refuses names that no directory holds before any is asked, and compares
// with the certificate's name where the configuration wants it.
func (l *Login) check(matchCommonName string) error {
	switch {
	case l.Username == "":
		return refusal(primary.Malformed, "the user name is empty")
	case len(l.Username) > maxUsername:
		return refusal(primary.Malformed, "the user name has %d bytes, more than %d", len(l.Username), maxUsername)
	case !utf8.ValidString(l.Username):
		return refusal(primary.Malformed, "the user name is not valid UTF-8")
	case strings.ContainsFunc(l.Username, unicode.IsControl):
		return refusal(primary.Malformed, "the user name holds control characters")
	}
	return l.matchCommonName(matchCommonName)
}

func (l *Login) matchCommonName(how string) error {
	var same bool
	switch how {
	case matchOff:
		return nil
	case matchExact:
		same = l.Username == l.CommonName
	case matchFold:
		// As identities are folded; EqualFold would take "ſ" for "s".
		same = state.Key(l.Username) == state.Key(l.CommonName)
	}
	if !same {
		return refusal(primary.Certificate, "the certificate belongs to %q", l.CommonName)
	}
	return nil
}
