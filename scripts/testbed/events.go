package testbed

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Kind is what happened to a client.
type Kind string

// What Client.Next tells. After Refused, Challenged, Temporary and Dropped the
// client holds until the next Login, Answer or Retry.
const (
	Connected  Kind = "connected"
	Refused    Kind = "refused"    // Message is the text the user sees, possibly empty
	Challenged Kind = "challenged" // a dynamic challenge; answer it with Client.Answer
	Prompted   Kind = "prompted"   // a prompt in the same connection (crtext); answer it with Client.Respond
	Temporary  Kind = "temporary"  // TEMP: the client keeps its credentials; Client.Retry sends them again
	Asked      Kind = "asked"      // the client wants credentials again, by itself
	Dropped    Kind = "dropped"    // the connection ended for the reason in Message
	Exited     Kind = "exited"     // the client process is gone
)

// Event is one thing that happened to a client.
type Event struct {
	Kind      Kind
	Message   string        // the server's text or OpenVPN's reason
	Challenge *Challenge    // of Challenged and Prompted
	TunnelIP  string        // of Connected: the client's address in the tunnel
	Took      time.Duration // since hold was released, the moment the user pressed "connect"
}

// String shows the event in a test's message.
func (e Event) String() string {
	return fmt.Sprintf("%s %q after %v", e.Kind, e.Message, e.Took.Round(time.Millisecond))
}

// Challenge is a question of the server as the client shows it.
type Challenge struct {
	Echo     bool   // show what is typed (flag E)
	Response bool   // an answer is required (flag R)
	State    string // to be sent back; empty for Prompted
	User     string // decoded; empty for Prompted
	Text     string
}

// ParseChallenge reads `CRV1:flags:state:base64 user:text`
// (doc/management-notes.txt, "Dynamic protocol").
func ParseChallenge(message string) (*Challenge, error) {
	fields := strings.SplitN(message, ":", 5)
	if len(fields) != 5 || fields[0] != "CRV1" {
		return nil, fmt.Errorf("not a dynamic challenge: %q", message)
	}
	user, err := base64.StdEncoding.DecodeString(fields[3])
	if err != nil {
		return nil, fmt.Errorf("user of the challenge %q: %w", message, err)
	}
	c := challengeFlags(fields[1])
	c.State, c.User, c.Text = fields[2], string(user), fields[4]
	return c, nil
}

func challengeFlags(flags string) *Challenge {
	c := &Challenge{}
	for flag := range strings.SplitSeq(flags, ",") {
		c.Echo = c.Echo || flag == "E"
		c.Response = c.Response || flag == "R"
	}
	return c
}

// Dynamic is the password field that answers a dynamic challenge.
func Dynamic(state, response string) string { return "CRV1::" + state + "::" + response }

// Static is the password field of a client with a static challenge.
func Static(password, response string) string {
	b64 := base64.StdEncoding.EncodeToString
	return "SCRV1:" + b64([]byte(password)) + ":" + b64([]byte(response))
}

// parseEvent reads a line of the management interface; lines that tell nothing
// new give ok == false.
func parseEvent(line string) (e Event, ok bool) {
	switch {
	case strings.HasPrefix(line, ">PASSWORD:Verification Failed: 'Auth'"):
		rest := strings.TrimPrefix(line, ">PASSWORD:Verification Failed: 'Auth'")
		return failure(strings.TrimSuffix(strings.TrimPrefix(rest, " ['"), "']")), true
	case strings.HasPrefix(line, ">PASSWORD:Need 'Auth'"):
		return Event{Kind: Asked}, true
	case strings.HasPrefix(line, ">INFOMSG:CR_TEXT:"):
		flags, text, _ := strings.Cut(strings.TrimPrefix(line, ">INFOMSG:CR_TEXT:"), ":")
		c := challengeFlags(flags)
		c.Text = text
		return Event{Kind: Prompted, Message: text, Challenge: c}, true
	case strings.HasPrefix(line, ">FATAL:"):
		return Event{Kind: Exited, Message: strings.TrimPrefix(line, ">FATAL:")}, true
	case strings.HasPrefix(line, ">STATE:"):
		return state(strings.Split(line, ","))
	}
	return Event{}, false
}

// failure reads the text of AUTH_FAILED; OpenVPN 2.6.14 shows TEMP messages in the
// same line as refusals and only then goes to RECONNECTING,auth-temp-failure.
func failure(message string) Event {
	if c, err := ParseChallenge(message); err == nil {
		return Event{Kind: Challenged, Message: c.Text, Challenge: c}
	}
	if strings.HasPrefix(message, "TEMP") {
		return Event{Kind: Temporary, Message: message}
	}
	return Event{Kind: Refused, Message: message}
}

// state reads `>STATE:time,name,detail,tunnel address,…`.
func state(fields []string) (Event, bool) {
	if len(fields) < 4 {
		return Event{}, false
	}
	switch fields[1] {
	case "CONNECTED":
		return Event{Kind: Connected, Message: fields[2], TunnelIP: fields[3]}, true
	case "RECONNECTING":
		// "auth-…" follows a failure that has been told already.
		return Event{Kind: Dropped, Message: fields[2]}, !strings.HasPrefix(fields[2], "auth-")
	case "EXITING":
		return Event{Kind: Exited, Message: fields[2]}, true
	}
	return Event{}, false
}

var logLine = regexp.MustCompile(`(?m)^(\S+ \S+) us=(\d+) \S+ (?:\S+ )?(peer info:|TLS: Username/Password auth|TLS Auth Error: Auth User)`)

func stalls(log string) []time.Duration {
	var all []time.Duration
	var last time.Time
	for _, m := range logLine.FindAllStringSubmatch(log, -1) {
		micros := fmt.Sprintf("%06s", m[2])
		at, err := time.Parse(time.DateTime+".000000", m[1]+"."+micros)
		if err != nil {
			continue
		}
		if m[3] != "peer info:" && !last.IsZero() {
			all = append(all, at.Sub(last))
		}
		last = at
	}
	return all
}
