package challenge

import (
	"regexp"
	"strings"
	"sync"
	"unicode"
)

const (
	maxReason   = 256 // bytes
	beforeFrame = "Login refused: "
)

var (
	// framesAtStart are what clients act upon when AUTH_FAILED's text begins with
	// it (receive_auth_failed in OpenVPN's src/openvpn/push.c; SESSION: OpenVPN 3).
	framesAtStart = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?i)^(CRV1|TEMP|SESSION)`) })
	// challengeFrame counts anywhere: OpenVPN GUI looks for it by strstr
	// (OnPassword in its openvpn.c).
	challengeFrame = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?i)(CRV1):`) })
)

// Reason makes of somebody else's text, such as a RADIUS server's, one that can
// stand alone in AUTH_FAILED: one line as CleanText makes it, of at most 256
// bytes, which does not turn the direction of writing and which no client takes
// for a challenge or for a temporary failure. Of nothing it makes nothing, and
// what it has made stays as it is.
func Reason(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Bidi_Control, r) {
			return ' '
		}
		return r
	}, s)
	s = CleanText(s, maxReason)
	s = challengeFrame().ReplaceAllString(s, "$1 ")
	if framesAtStart().MatchString(s) {
		s = beforeFrame + s
	}
	return CleanText(s, maxReason)
}
