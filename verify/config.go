package verify

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"ovpn-verify/challenge"
	"ovpn-verify/verify/state"
)

// What the keys with a fixed set of values may say.
const (
	factorNone = "none"
	factorTOTP = "totp"

	// What else stands in a record as the second factor.
	factorRecovery = "recovery" // a recovery code
	factorBackend  = "backend"  // the server had the answer to its question, or the code together with the password
	factorUnknown  = "unknown"  // the server may have found a code in the password, or asked on a phone

	matchOff   = "off"
	matchExact = "exact"
	matchFold  = "fold"

	unenrolledRefuse = "refuse"
	unenrolledAllow  = "allow"

	sourceState = "state"
)

// LoginConfig is the section [login].
type LoginConfig struct {
	Backend         string        `toml:"backend"`           // "ldap", "radius" or "file"
	SecondFactor    string        `toml:"second_factor"`     // "none" or "totp"
	Deadline        time.Duration `toml:"deadline"`          // for the whole login
	ChallengeTTL    time.Duration `toml:"challenge_ttl"`     // for the user to answer
	MatchCommonName string        `toml:"match_common_name"` // "off", "exact" or "fold"

	// OneTimePasswords: what users type as their password holds a code that the
	// backend checks, so that a renegotiation must not ask the backend again.
	OneTimePasswords bool `toml:"one_time_passwords"`
	// ChallengeSameAddress: an answer counts only from the address of the question.
	ChallengeSameAddress bool `toml:"challenge_same_address"`
}

// DefaultLoginConfig stays below OpenVPN's hand-window of 60 seconds. The
// backend and the second factor have to be chosen.
func DefaultLoginConfig() LoginConfig {
	return LoginConfig{
		Deadline: 45 * time.Second, ChallengeTTL: 3 * time.Minute, MatchCommonName: matchOff,
	}
}

// Validate reports every fault.
func (c LoginConfig) Validate() error {
	return errors.Join(
		OneOf("login.backend", c.Backend, "ldap", "radius", "file"),
		OneOf("login.second_factor", c.SecondFactor, factorNone, factorTOTP),
		OneOf("login.match_common_name", c.MatchCommonName, matchOff, matchExact, matchFold),
		between("login.deadline", c.Deadline, 100*time.Millisecond, 10*time.Minute),
		between("login.challenge_ttl", c.ChallengeTTL, time.Second, 10*time.Minute),
	)
}

// TOTPConfig is the section [totp].
type TOTPConfig struct {
	Issuer     string        `toml:"issuer"`
	Prompt     string        `toml:"prompt"`
	Source     string        `toml:"source"` // "state": enrolled by `totp enroll`
	Digits     int           `toml:"digits"`
	Period     time.Duration `toml:"period"`
	Skew       int           `toml:"skew"`       // time steps accepted before and after
	Unenrolled string        `toml:"unenrolled"` // "refuse" or "allow"
	Appended   bool          `toml:"appended"`   // also accept password and code in one field

	ReuseGrace time.Duration `toml:"reuse_grace"` // for a client whose connection did not come up; 0: never
}

// DefaultTOTPConfig is what every authenticator app understands.
func DefaultTOTPConfig() TOTPConfig {
	return TOTPConfig{
		Issuer: "OpenVPN", Prompt: "Enter the code from your authenticator app", Source: sourceState,
		Digits: 6, Period: 30 * time.Second, Skew: 1, Unenrolled: unenrolledRefuse,
		ReuseGrace: 10 * time.Second,
	}
}

// Validate reports every fault.
func (c TOTPConfig) Validate() error {
	var faults []error
	if c.Issuer == "" || strings.Contains(c.Issuer, ":") {
		faults = append(faults, fmt.Errorf("totp.issuer must be a name without a colon, not %q", c.Issuer))
	}
	if challenge.CleanText(c.Prompt, len(c.Prompt)+1) != c.Prompt || c.Prompt == "" || len(c.Prompt) > 256 {
		faults = append(faults, errors.New("totp.prompt must be one line of 1 to 256 bytes"))
	}
	if c.Digits < 6 || c.Digits > 8 {
		faults = append(faults, fmt.Errorf("totp.digits must be 6, 7 or 8, not %d", c.Digits))
	}
	if c.Period%time.Second != 0 {
		faults = append(faults, fmt.Errorf("totp.period must be whole seconds, not %v", c.Period))
	}
	if c.Skew < 0 || c.Skew > 10 {
		faults = append(faults, fmt.Errorf("totp.skew must be between 0 and 10, not %d", c.Skew))
	}
	return errors.Join(append(faults,
		between("totp.period", c.Period, 15*time.Second, 5*time.Minute),
		between("totp.reuse_grace", c.ReuseGrace, 0, time.Minute),
		OneOf("totp.source", c.Source, sourceState),
		OneOf("totp.unenrolled", c.Unenrolled, unenrolledRefuse, unenrolledAllow),
	)...)
}

// For is the form of a user's codes: as it was when he was enrolled, since his app
// goes on with it, and the configuration's where that is not known.
func (c TOTPConfig) For(e state.Enrolment) challenge.TOTP {
	return challenge.TOTP{Algorithm: e.Algorithm, Skew: c.Skew,
		Digits: cmp.Or(e.Digits, c.Digits), Period: cmp.Or(e.Period, c.Period)}
}

// OneOf is a fault of key unless value is one of those allowed.
func OneOf(key, value string, allowed ...string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return fmt.Errorf("%s must be %s, not %q", key, alternatives(allowed), value)
}

func alternatives(allowed []string) string {
	quoted := make([]string, len(allowed))
	for i, a := range allowed {
		quoted[i] = fmt.Sprintf("%q", a)
	}
	last := len(quoted) - 1
	if last == 0 {
		return quoted[0]
	}
	return strings.Join(quoted[:last], ", ") + " or " + quoted[last]
}

func between(key string, value, least, most time.Duration) error {
	if value < least || value > most {
		return fmt.Errorf("%s must be between %v and %v, not %v", key, least, most, value)
	}
	return nil
}
