package front

import (
	"unsafe"

	"ovpn-verify/verify/front/job"
)

// problem is why a call is refused. It is put together only where it is written,
// because nothing can be allocated here.
type problem struct {
	before  string
	outside string // shown in quotes, made safe for a log line; empty: not shown
	after   string
	cause   errno
}

// subject is what refuse says that it refused.
var subject = "login"

// refuse ends the process; of a login OpenVPN sends the text in the reason file.
func refuse(p problem) {
	var l line
	l.add("ovpn-verify: ")
	l.add(subject)
	l.add(" refused: ")
	l.addProblem(p)
	l.add("\n")
	complain(l.text[:l.length])
	exit(exitRefused)
}

// line is a line for OpenVPN's log, cut where it is too long.
type line struct {
	text   [512]byte
	length int
}

func (l *line) add(s string) { l.length += copy(l.text[l.length:], s) }

func (l *line) addProblem(p problem) {
	l.add(p.before)
	if p.outside != "" {
		l.add(" ")
		l.quote(p.outside)
	}
	l.add(p.after)
	if p.cause != 0 {
		l.add(": ")
		l.addCause(p.cause)
	}
}

// addCause: package syscall would allocate to tell a number that it has no text for.
func (l *line) addCause(e errno) {
	const texts = 134 // Linux has one for each number below
	if e < texts {
		l.add(e.Error())
		return
	}
	var digits [20]byte
	i := len(digits)
	for n := uint64(e); n > 0; n /= 10 {
		i--
		digits[i] = byte('0' + n%10)
	}
	l.add("error ")
	l.add(unsafe.String(&digits[i], len(digits)-i))
}

// quote makes outside text safe for a log line.
func (l *line) quote(s string) {
	const most = 100
	l.add(`"`)
	for i := range len(s) {
		if i == most {
			l.add("…")
			break
		}
		shown := s[i : i+1]
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= 0x7f {
			shown = "?"
		}
		l.add(shown)
	}
	l.add(`"`)
}

func unsupportedEvent(event string) problem {
	return problem{before: "script_type", outside: event, after: " is not supported, only " +
		job.UserPassVerify + ", " + job.ClientConnect + " and " + job.ClientDisconnect + " are"}
}
