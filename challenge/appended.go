package challenge

import "ovpn-verify/verify/secret"

// SplitAppended takes a code of the given number of digits off the end of a
// password, for clients that offer one field only. ok is false, and both parts
// empty, when the last bytes are not all ASCII digits or nothing is before them.
func SplitAppended(password secret.Text, digits int) (head, code secret.Text, ok bool) {
	b := password.Reveal()
	at := len(b) - digits
	if digits < 1 || at < 1 || !allDigits(b[at:]) {
		return secret.Text{}, secret.Text{}, false
	}
	return secret.New(b[:at:at]), secret.New(b[at:]), true
}
