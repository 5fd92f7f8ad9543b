// Package reason holds the texts that a user reads when a login does not end
// in a connection. They are constants, so that a refusal tells a stranger
// nothing: what was wrong is in the log. It imports nothing, because front
// runs before Go's runtime has started.
package reason

// What the user's client shows. OpenVPN sends it as AUTH_FAILED,<text>.
const (
	Refused     = "Login refused: wrong user name, password or code"
	Unavailable = "The login service is not available at the moment, please try again"
	// NotReached is for an outage after which the client must not try again by
	// itself, so it never comes as a temporary one.
	NotReached = "The login service could not be reached, please try again in a while"
	// Unfinished stands in the reason file until there is a verdict. The user
	// sees it when nobody came to one before OpenVPN's window closed.
	Unfinished = "The login could not be completed, please try again"
)

// temporary makes a client keep its credentials and try again in 30 seconds,
// at the same server (OpenVPN's src/openvpn/push.c, parse_auth_failed_temp).
const temporary = "TEMP[backoff 30,advance no]: "

// authFailTemp is the bit in IV_PROTO by which a client says that it
// understands TEMP (OpenVPN's src/openvpn/ssl.h, IV_PROTO_AUTH_FAIL_TEMP).
const authFailTemp = 1 << 8

// Temporary is text for an outage: with the TEMP frame for clients that know
// it, plain for those that would show the frame to the user. ivProto is what
// the client announced, in decimal; anything else counts as an old client.
func Temporary(text, ivProto string) string {
	if !knowsTemporary(ivProto) {
		return text
	}
	return temporary + text
}

// Neutral is Temporary(Unfinished, ivProto), and allocates nothing.
func Neutral(ivProto string) string {
	if !knowsTemporary(ivProto) {
		return Unfinished
	}
	return temporary + Unfinished
}

func knowsTemporary(ivProto string) bool { return number(ivProto)&authFailTemp != 0 }

func number(digits string) int {
	if len(digits) > 9 {
		return 0
	}
	n := 0
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return 0
		}
		n = n*10 + int(digits[i]-'0')
	}
	return n
}
