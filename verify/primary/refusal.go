package primary

// Refusal is ErrRefused together with the reason, as one word of a fixed list,
// for the record and for counting. Which of them it is decides nothing. Wrapped it
// reads as ErrRefused does.
type Refusal string

// The reasons for which a login is refused.
const (
	Malformed     Refusal = "malformed"      // a user name or password field that nothing can be done with
	Certificate   Refusal = "certificate"    // the client's certificate is somebody else's
	UnknownUser   Refusal = "unknown-user"   // no such account
	WrongPassword Refusal = "wrong-password" //
	Rejected      Refusal = "rejected"       // the server refuses without telling password from account
	WrongCode     Refusal = "wrong-code"     //
	UsedCode      Refusal = "used-code"      // right, and good no more
	LockedOut     Refusal = "locked-out"     // by our own limits
	Account       Refusal = "account"        // disabled, expired, locked in the directory, ambiguous
	Group         Refusal = "group"          // in none of the required groups
	NotEnrolled   Refusal = "not-enrolled"   // no second factor
	Challenge     Refusal = "challenge"      // an answer to no question, an old one or another's; or a question that cannot be put
	Session       Refusal = "session"        // a token or an established session that vouches for the login no more
	BadAnswer     Refusal = "bad-answer"     // the server's accept does not count
)

// Refusals are all of them.
var Refusals = []Refusal{
	Malformed, Certificate, UnknownUser, WrongPassword, Rejected, WrongCode, UsedCode, LockedOut,
	Account, Group, NotEnrolled, Challenge, Session, BadAnswer,
}

func (Refusal) Error() string { return ErrRefused.Error() }

// Is makes every Refusal an ErrRefused to errors.Is.
func (Refusal) Is(target error) bool { return target == ErrRefused }
