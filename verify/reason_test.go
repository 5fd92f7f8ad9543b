package verify

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"ovpn-verify/verify/front/reason"
	"ovpn-verify/verify/primary"
)

// A backend's text reaches the client where it refuses, and only there, and
// never as a frame that the client would act upon.
func TestTextOfABackendReachesTheClient(t *testing.T) {
	refused := fmt.Errorf("Access-Reject: %w", primary.ErrRefused)
	unavailable := errors.New("no answer")
	for name, c := range map[string]struct {
		err  error
		want Verdict
		text string
	}{
		"refusal":          {&primary.ReasonError{Text: "Your password\nhas expired", Err: refused}, Refused, "Your password has expired"},
		"wrapped":          {fmt.Errorf("x: %w", &primary.ReasonError{Text: "locked", Err: refused}), Refused, "locked"},
		"without text":     {&primary.ReasonError{Text: " \r\n", Err: refused}, Refused, reason.Refused},
		"challenge":        {&primary.ReasonError{Text: "CRV1:R:c3RhdGU:YWRh:Your PIN?", Err: refused}, Refused, "Login refused: CRV1 R:c3RhdGU:YWRh:Your PIN?"},
		"hidden challenge": {&primary.ReasonError{Text: "no\x00CRV1:R:c3RhdGU:YWRh:Your PIN?", Err: refused}, Refused, "no CRV1 R:c3RhdGU:YWRh:Your PIN?"},
		"temporary":        {&primary.ReasonError{Text: "\tTEMP[backoff 0]:again", Err: refused}, Refused, "Login refused: TEMP[backoff 0]:again"},
		"outage":           {&primary.ReasonError{Text: "locked", Err: unavailable}, Unavailable, "TEMP[backoff 30,advance no]: " + reason.Unavailable},
	} {
		f := newFixture(t, nil)
		f.directory.outage = c.err
		d := f.login("ada", "pw-ada")
		if d.Verdict != c.want || d.Text != c.text {
			t.Errorf("%s: %v, %q; want %v, %q", name, d.Verdict, d.Text, c.want, c.text)
		}
		if c.want == Refused && !strings.Contains(d.Cause.Error(), "Access-Reject: refused") {
			t.Errorf("%s: the log has %v", name, d.Cause)
		}
	}
}
