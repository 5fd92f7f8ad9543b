package serverconf

import (
	"fmt"
	"strconv"
)

// What OpenVPN takes without a line (src/openvpn/options.c, init_options).
const (
	handWindow = 60   // seconds
	lookEvery  = 9    // seconds; at first more often (src/openvpn/ssl_verify.c, cache_intervals: more than 8)
	renegSec   = 3600 // seconds
)

// leastDeadline is the shortest that is proposed, in seconds: a directory's first
// server may be away, and with less the next one is hardly asked.
const leastDeadline = 15

// renegotiations are the shortest and the longest time between two of them, in
// seconds; 0: there are none. A server picks a time between 90% of reneg-sec and
// reneg-sec for each session, or above the second number.
func (j *judge) renegotiations() (shortest, longest int, at Place) {
	longest, at = j.seconds("reneg-sec", renegSec)
	shortest = longest * 9 / 10
	if d, found := j.Last("reneg-sec"); found && d.Arg(2) != "" {
		shortest = min(number(d.Arg(2)), longest)
	}
	return shortest, longest, at
}

// window: OpenVPN ignores a verdict after min(hand-window, reneg-sec/2)
// (src/openvpn/ssl.c, auth_deferred_expire_window).
func (j *judge) window() {
	hand, at := j.seconds("hand-window", handWindow)
	window, option := hand, "hand-window"
	shortest, longest, renegAt := j.renegotiations()
	if longest > 0 && shortest/2 < window {
		window, at, option = shortest/2, renegAt, "half of the time between renegotiations"
	}
	longer := fmt.Sprintf("hand-window %d", handWindow)
	if option != "hand-window" {
		longer = fmt.Sprintf("reneg-sec %d", renegSec)
	}
	switch {
	case window <= lookEvery:
		j.add(Warning, at, fmt.Sprintf("OpenVPN waits %s for a verdict (%s), and after a few renegotiations of a session it looks for one every %s", spoken(duration(window)), option, spoken(duration(lookEvery))),
			"sessions are dropped although they were vouched for", longer)
	case j.ours.Deadline+duration(lookEvery) > duration(window):
		mend := longer
		if window-lookEvery >= leastDeadline {
			mend = fmt.Sprintf("login.deadline = %q in %s", spoken(duration(window-lookEvery)), j.ours.Config)
		}
		j.add(Warning, at, fmt.Sprintf("login.deadline is %s, and OpenVPN waits %s for a verdict (%s), which it looks for every %s", spoken(j.ours.Deadline), spoken(duration(window)), option, spoken(duration(lookEvery))),
			"a slow login is refused although it was right, and its code is spent", mend)
	}
}

func (j *judge) renegotiation() {
	if _, longest, at := j.renegotiations(); longest == 0 && !j.Has("auth-gen-token") {
		j.add(Warning, at, "reneg-sec 0", "nobody is checked again while connected: an account that is disabled stays in until its user leaves", "reneg-sec 3600")
	}
}

// genToken is the line auth-gen-token [lifetime] [renewal-time] [external-auth].
type genToken struct {
	Directive
	found             bool
	lifetime, renewal int // seconds; lifetime 0: for ever
	explicit          bool
	external          bool
}

// readGenToken reads the line as OpenVPN does (src/openvpn/options.c): the second
// argument is a renewal time only when it is a number above 0.
func (j *judge) readGenToken() (g genToken, wrong string) {
	g.Directive, g.found = j.Last("auth-gen-token")
	if !g.found {
		return g, ""
	}
	_, g.renewal, _ = j.renegotiations()
	g.lifetime = number(g.Arg(1))
	for i := 2; i < len(g.Words); i++ {
		switch n := number(g.Arg(i)); {
		case i == 2 && n > 0:
			g.renewal, g.explicit = n, true
		case g.Arg(i) == "external-auth":
			g.external = true
		default:
			return g, g.Arg(i)
		}
	}
	return g, ""
}

// tokens: who passes a renegotiation without a new code.
func (j *judge) tokens() {
	g, wrong := j.readGenToken()
	connect := j.runsUs("client-connect")
	switch {
	case wrong != "":
		j.add(Problem, g.Place, "auth-gen-token does not take "+wrong, "OpenVPN does not start", goodToken)
	case g.found:
		j.generated(g)
	case j.ours.SecondFactor && j.call.ours:
		j.noToken(connect)
	}
}

const goodToken = "auth-gen-token 43200 external-auth"

// generated checks OpenVPN's own tokens. The first two rules are those by which
// it does not start (src/openvpn/options.c, options_postprocess_verify_ce).
func (j *judge) generated(g genToken) {
	hand, _ := j.seconds("hand-window", handWindow)
	_, longest, renegAt := j.renegotiations()
	switch {
	case longest == 0:
		j.add(Problem, renegAt, "auth-gen-token with reneg-sec 0", "OpenVPN does not start", "reneg-sec 3600")
		return
	case g.renewal > 0 && g.renewal < 2*hand:
		j.add(Problem, g.Place, fmt.Sprintf("tokens are renewed every %s, less than twice hand-window (%s)", spoken(duration(g.renewal)), spoken(duration(hand))), "OpenVPN does not start", g.line(max(g.lifetime, 43200), 2*hand))
		return
	}
	switch {
	case g.lifetime > 0 && (g.lifetime <= longest || g.lifetime < 2*hand):
		j.add(Warning, g.Place, fmt.Sprintf("tokens live %s, and the next renegotiation comes after up to %s", spoken(duration(g.lifetime)), spoken(duration(longest))), "users have to log in again at every renegotiation", g.line(43200, 0))
	case g.lifetime > 0 && g.explicit && g.renewal >= g.lifetime:
		j.add(Note, g.Place, fmt.Sprintf("tokens live %s and have to be renewed every %s", spoken(duration(g.lifetime)), spoken(duration(g.renewal))), "that time never comes: a token is good for its whole life, also while its user is away", g.line(g.lifetime, 0))
	}
	if g.external {
		return
	}
	severity, until := Note, "its token ends, "+spoken(duration(g.lifetime))+" after the login"
	if g.lifetime == 0 {
		severity, until = Warning, "its user leaves: these tokens never end"
	}
	j.add(severity, g.Place, "auth-gen-token without external-auth", "OpenVPN lets tokens in without asking: an account that is disabled stays in until "+until, g.withExternal())
}

// line is a good line with these seconds; renewal 0: OpenVPN's choice.
func (g genToken) line(lifetime, renewal int) string {
	text := "auth-gen-token " + strconv.Itoa(lifetime)
	if renewal > 0 {
		text += " " + strconv.Itoa(renewal)
	}
	return text + " external-auth"
}

func (g genToken) withExternal() string {
	renewal := 0
	if g.explicit {
		renewal = g.renewal
	}
	lifetime := g.lifetime
	if lifetime == 0 {
		lifetime = 43200
	}
	return g.line(lifetime, renewal)
}

// noToken: the code of the login comes again at each renegotiation, and is spent.
func (j *judge) noToken(connect call) {
	_, longest, at := j.renegotiations()
	switch {
	case longest == 0:
	case j.ours.Lifetime <= duration(longest):
		if at.Line == 0 {
			at = j.call.Place
		}
		mend := goodToken
		switch {
		case longest > renegSec:
			mend = fmt.Sprintf("reneg-sec %d", renegSec)
		case connect.ours:
			mend = fmt.Sprintf("session.lifetime = \"12h\" in %s", j.ours.Config)
		}
		j.add(Warning, at, fmt.Sprintf("session.lifetime is %s, and the next renegotiation comes after up to %s", spoken(j.ours.Lifetime), spoken(duration(longest))),
			"users with a code drop out at a renegotiation and have to log in again", mend)
	case !connect.ours:
		j.add(Note, j.call.Place, "a second factor, and neither auth-gen-token nor client-connect",
			fmt.Sprintf("a renegotiation counts as the same session only with the same password field from the same address and port, for %s after the login (session.lifetime); a client whose address changes has to log in again", spoken(j.ours.Lifetime)), goodToken)
	}
}
